// FANN with floats. It has stochastic and full-batch SGD on the squared error, no cross-entropy, no Adam, no ReLU in
// the package of Debian, and no batches forward: W1, W2 and W3 alone.
#include <floatfann.h>

#include "harness.hpp"

namespace {

using namespace harness;

// FANN's sigmoid is 1 / (1 + exp(-2 s x)) and its tanh is tanh(s x), for a steepness s.
constexpr float SIGMOID_STEEPNESS = 0.5f, TANH_STEEPNESS = 1.0f;
// Its gradient of the squared error lacks the factor of 2.
constexpr float RATE = 2 * XOR_RATE;

fann* network(const std::vector<Layer>& layers, fann_activationfunc_enum hidden, float hidden_steepness,
              fann_activationfunc_enum output, float output_steepness) {
    std::vector<unsigned> sizes{static_cast<unsigned>(layers[0].inputs)};
    for (const Layer& layer : layers) sizes.push_back(layer.outputs);
    fann* net = fann_create_standard_array(sizes.size(), sizes.data());
    fann_set_activation_function_hidden(net, hidden);
    fann_set_activation_function_output(net, output);
    fann_set_activation_steepness_hidden(net, hidden_steepness);
    fann_set_activation_steepness_output(net, output_steepness);
    fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
    fann_set_learning_rate(net, RATE);
    fann_set_learning_momentum(net, 0);

    // a layer of its own is followed by a bias neuron; connections go node by node, the bias last
    std::vector<fann_connection> connections(fann_get_total_connections(net));
    fann_get_connection_array(net, connections.data());
    auto connection = connections.begin();
    for (const Layer& layer : layers) {
        for (int node = 0; node < layer.outputs; node++) {
            for (int input = 0; input < layer.inputs; input++) {
                (connection++)->weight = layer.weights[input * layer.outputs + node];
            }
            (connection++)->weight = layer.bias[node];
        }
    }
    fann_set_weight_array(net, connections.data(), connections.size());
    return net;
}

fann* xor_network(fann_train_enum training) {
    fann* net = network(xor_layers(), FANN_SIGMOID, SIGMOID_STEEPNESS, FANN_SIGMOID, SIGMOID_STEEPNESS);
    fann_set_training_algorithm(net, training);
    return net;
}

// FANN takes what it only reads as something to write.
struct Sample {
    float input[2], target[1];
};

std::vector<Sample> xor_samples() {
    std::vector<Sample> samples;
    for (int i = 0; i < 4; i++) samples.push_back({{XOR_INPUTS[i][0], XOR_INPUTS[i][1]}, {XOR_TARGETS[i]}});
    return samples;
}

double xor_loss(fann* net) {
    double sum = 0;
    for (Sample& sample : xor_samples()) {
        sum += std::pow(static_cast<double>(fann_run(net, sample.input)[0]) - sample.target[0], 2);
    }
    return sum / 4;
}

void xor_step(const Program& program) {
    fann* net = xor_network(FANN_TRAIN_INCREMENTAL);
    auto samples = xor_samples();
    unsigned turn = 0;
    const auto step = [&] {
        Sample& sample = samples[turn++ % 4];
        fann_train(net, sample.input, sample.target);
    };
    for (int i = 0; i < XOR_STEPS; i++) step();
    program.time("W1", xor_loss(net), step);
    fann_destroy(net);
}

void xor_epoch(const Program& program) {
    fann* net = xor_network(FANN_TRAIN_BATCH);
    fann_train_data* data = fann_create_train(4, 2, 1);
    const auto samples = xor_samples();
    for (int i = 0; i < 4; i++) {
        data->input[i][0] = samples[i].input[0];
        data->input[i][1] = samples[i].input[1];
        data->output[i][0] = samples[i].target[0];
    }
    const auto epoch = [&] { fann_train_epoch(net, data); };
    for (int i = 0; i < XOR_STEPS; i++) epoch();
    program.time("W2", xor_loss(net), epoch);
    fann_destroy_train(data);
    fann_destroy(net);
}

void policy_forward(const Program& program) {
    fann* net = network(policy_layers(), FANN_SIGMOID_SYMMETRIC, TANH_STEEPNESS, FANN_LINEAR, 1.0f);
    auto input = policy_input();
    const auto forward = [&] {
        float* output = fann_run(net, input.data());
        black_box(*output);
        return output;
    };
    program.time("W3", weighted_sum(forward(), 4), forward);
    fann_destroy(net);
}

}  // namespace

int main(int count, char** arguments) {
    const Program program("FANN", count, arguments);
    if (program.wants("W1")) xor_step(program);
    if (program.wants("W2")) xor_epoch(program);
    if (program.wants("W3")) policy_forward(program);
}
