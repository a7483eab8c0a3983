"""scikit-learn on W5 and W7: its multilayer perceptron has one step of training, `partial_fit`. Its prediction checks
and converts its input, so forward alone is not what it is for; and it has no sigmoid output with a squared error."""

import harness
from sklearn.neural_network import MLPClassifier, MLPRegressor


def load(model, layers, inputs, targets, **arguments):
    """First weights can be set only once there are some."""
    model.partial_fit(inputs, targets, **arguments)
    for place, (weights, bias) in enumerate(layers):
        model.coefs_[place][...] = weights
        model.intercepts_[place][...] = bias
    # the next step makes a new one, without the state of the first step
    del model._optimizer


def images_step():
    inputs, classes = harness.images_batch()
    model = MLPClassifier(
        hidden_layer_sizes=(128,),
        solver="sgd",
        learning_rate_init=harness.IMAGES_RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=harness.BATCH,
        shuffle=False,
    )
    load(model, harness.images_layers(), inputs, classes, classes=range(10))

    def step():
        model.partial_fit(inputs, classes)

    for _ in range(harness.IMAGES_STEPS + 1):
        step()
    return model.loss_, step


def policy_step():
    inputs, targets = harness.policy_batch()
    # the slopes are those of half the sum of squares, twice ours; Adam with twice the epsilon makes the same step
    model = MLPRegressor(
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        solver="adam",
        learning_rate_init=harness.POLICY_RATE,
        epsilon=2e-8,
        alpha=0.0,
        batch_size=harness.BATCH,
        shuffle=False,
    )
    load(model, harness.policy_layers(), inputs, targets)

    def step():
        model.partial_fit(inputs, targets)

    for _ in range(harness.POLICY_STEPS + 1):
        step()
    return 2 * model.loss_, step


harness.run("scikit-learn", {"W5": images_step, "W7": policy_step})
