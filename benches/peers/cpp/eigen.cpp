// Eigen with fixed sizes. A sample is a column, so a batch is a matrix of columns. The two matrices of 784-128-10 are
// larger than Eigen allows on the stack; they lie on the heap, hence the limit of 0.
#define EIGEN_STACK_ALLOCATION_LIMIT 0

#include <Eigen/Core>
#include <memory>

#include "harness.hpp"

namespace {

using namespace harness;

template <int Rows, int Columns>
using Matrix = Eigen::Matrix<float, Rows, Columns, (Rows == 1 && Columns != 1) ? Eigen::RowMajor : Eigen::ColMajor>;

struct Identity {
    template <class Values>
    static void apply(Values&) {}
};
struct Relu {
    template <class Values>
    static void apply(Values& values) {
        values = values.cwiseMax(0.0f);
    }
};
struct Sigmoid {
    template <class Values>
    static void apply(Values& values) {
        values = (1.0f + (-values.array()).exp()).inverse().matrix();
    }
};
struct Tanh {
    template <class Values>
    static void apply(Values& values) {
        values = values.array().tanh().matrix();
    }
};

struct AdamStep {
    float of_mean = 1, of_square = 1;  // the powers of the decays
    void next() { of_mean *= 0.9f, of_square *= 0.999f; }

    template <class Values>
    void apply(Values& parameters, const Values& gradient, Values& mean, Values& square) const {
        mean = 0.9f * mean + 0.1f * gradient;
        square.array() = 0.999f * square.array() + 0.001f * gradient.array().square();
        const float mean_factor = POLICY_RATE / (1 - of_mean), square_factor = 1 / (1 - of_square);
        parameters.array() -= mean_factor * mean.array() / ((square_factor * square.array()).sqrt() + 1e-8f);
    }
};

template <int Inputs, int Outputs>
struct Dense {
    EIGEN_MAKE_ALIGNED_OPERATOR_NEW
    using Weights = Matrix<Outputs, Inputs>;
    using Bias = Matrix<Outputs, 1>;
    Weights weights, weights_gradient;
    Bias bias, bias_gradient;

    explicit Dense(const Layer& layer) {
        // [inputs][outputs] row by row is [outputs][inputs] column by column
        weights = Eigen::Map<const Eigen::Matrix<float, Outputs, Inputs>>(layer.weights.data());
        bias = Eigen::Map<const Bias>(layer.bias.data());
    }

    template <class Activation, int Samples>
    void forward(const Matrix<Inputs, Samples>& input, Matrix<Outputs, Samples>& output) const {
        output.noalias() = weights * input;
        output.colwise() += bias;
        Activation::apply(output);
    }

    template <int Samples>
    void gradient(const Matrix<Inputs, Samples>& input, const Matrix<Outputs, Samples>& slopes) {
        weights_gradient.noalias() = slopes * input.transpose();
        bias_gradient = slopes.rowwise().sum();
    }

    template <int Samples>
    void backward(const Matrix<Outputs, Samples>& slopes, Matrix<Inputs, Samples>& input_slopes) const {
        input_slopes.noalias() = weights.transpose() * slopes;
    }

    void descend(float rate) {
        weights -= rate * weights_gradient;
        bias -= rate * bias_gradient;
    }
};

// A layer with Adam's state.
template <int Inputs, int Outputs>
struct AdamDense : Dense<Inputs, Outputs> {
    using Base = Dense<Inputs, Outputs>;
    typename Base::Weights weights_mean, weights_square;
    typename Base::Bias bias_mean, bias_square;

    explicit AdamDense(const Layer& layer) : Base(layer) {
        weights_mean.setZero(), weights_square.setZero(), bias_mean.setZero(), bias_square.setZero();
    }

    void adapt(const AdamStep& step) {
        step.apply(this->weights, this->weights_gradient, weights_mean, weights_square);
        step.apply(this->bias, this->bias_gradient, bias_mean, bias_square);
    }
};

// XOR, as many samples at once.
template <int Samples>
struct Xor {
    Dense<2, 3> hidden{xor_layers()[0]};
    Dense<3, 1> output{xor_layers()[1]};

    void step(const Matrix<2, Samples>& input, const Matrix<1, Samples>& target) {
        Matrix<3, Samples> h, h_slopes;
        Matrix<1, Samples> y, y_slopes;
        hidden.template forward<Sigmoid>(input, h);
        output.template forward<Sigmoid>(h, y);
        y_slopes = ((2.0f / Samples) * (y - target).array() * y.array() * (1.0f - y.array())).matrix();
        output.backward(y_slopes, h_slopes);
        h_slopes.array() *= h.array() * (1.0f - h.array());
        output.gradient(h, y_slopes);
        hidden.gradient(input, h_slopes);
        output.descend(XOR_RATE);
        hidden.descend(XOR_RATE);
    }

    double loss() const {
        double sum = 0;
        for (int sample = 0; sample < 4; sample++) {
            const Matrix<2, 1> input(XOR_INPUTS[sample][0], XOR_INPUTS[sample][1]);
            Matrix<3, 1> h;
            Matrix<1, 1> y;
            hidden.template forward<Sigmoid>(input, h);
            output.template forward<Sigmoid>(h, y);
            sum += std::pow(static_cast<double>(y(0)) - XOR_TARGETS[sample], 2);
        }
        return sum / 4;
    }
};

void xor_step(const Program& program) {
    Xor<1> network;
    Matrix<2, 1> inputs[4];
    Matrix<1, 1> targets[4];
    for (int sample = 0; sample < 4; sample++) {
        inputs[sample] << XOR_INPUTS[sample][0], XOR_INPUTS[sample][1];
        targets[sample] << XOR_TARGETS[sample];
    }
    unsigned turn = 0;
    const auto step = [&] {
        black_box(inputs), black_box(targets);
        network.step(inputs[turn % 4], targets[turn % 4]);
        turn++;
    };
    for (int i = 0; i < XOR_STEPS; i++) step();
    program.time("W1", network.loss(), step);
    black_box(network);
}

void xor_epoch(const Program& program) {
    Xor<4> network;
    Matrix<2, 4> inputs;
    Matrix<1, 4> targets;
    for (int sample = 0; sample < 4; sample++) {
        inputs.col(sample) << XOR_INPUTS[sample][0], XOR_INPUTS[sample][1];
        targets(sample) = XOR_TARGETS[sample];
    }
    const auto epoch = [&] {
        black_box(inputs), black_box(targets);
        network.step(inputs, targets);
    };
    for (int i = 0; i < XOR_STEPS; i++) epoch();
    program.time("W2", network.loss(), epoch);
    black_box(network);
}

// Two hidden layers of 64, with the values of some samples; `Hidden` is the activation.
template <template <int, int> class Layer_, class Hidden, int Inputs, int Outputs, int Samples>
struct Deep {
    EIGEN_MAKE_ALIGNED_OPERATOR_NEW
    Layer_<Inputs, 64> first;
    Layer_<64, 64> second;
    Layer_<64, Outputs> output;
    Matrix<64, Samples> p, q;
    Matrix<Outputs, Samples> y;

    explicit Deep(const std::vector<Layer>& layers) : first(layers[0]), second(layers[1]), output(layers[2]) {}

    void forward(const Matrix<Inputs, Samples>& input) {
        first.template forward<Hidden>(input, p);
        second.template forward<Hidden>(p, q);
        output.template forward<Identity>(q, y);
    }
};

template <class Hidden, int Inputs, int Outputs>
void deep_forward(const Program& program, const char* work, const std::vector<Layer>& layers,
                  const std::vector<float>& values) {
    const auto network = std::make_unique<Deep<Dense, Hidden, Inputs, Outputs, 1>>(layers);
    const Matrix<Inputs, 1> input = Eigen::Map<const Matrix<Inputs, 1>>(values.data());
    const auto forward = [&] {
        black_box(input), black_box(*network);
        network->forward(input);
        black_box(network->y);
    };
    forward();
    program.time(work, weighted_sum(network->y.data(), Outputs), forward);
}

struct Policy : Deep<AdamDense, Tanh, 13, 4, BATCH> {
    Matrix<64, BATCH> p_slopes, q_slopes;
    AdamStep adam;

    Policy() : Deep(policy_layers()) {}

    float step(const Matrix<13, BATCH>& input, const Matrix<4, BATCH>& target) {
        forward(input);
        y -= target;
        const float loss = y.squaredNorm() / (4 * BATCH);
        y *= 2.0f / (4 * BATCH);
        output.backward(y, q_slopes);
        q_slopes.array() *= 1.0f - q.array().square();
        second.backward(q_slopes, p_slopes);
        p_slopes.array() *= 1.0f - p.array().square();
        output.gradient(q, y);
        second.gradient(p, q_slopes);
        first.gradient(input, p_slopes);
        adam.next();
        first.adapt(adam), second.adapt(adam), output.adapt(adam);
        return loss;
    }
};

void policy_step(const Program& program) {
    const auto network = std::make_unique<Policy>();
    const Matrix<13, BATCH> inputs = Eigen::Map<const Matrix<13, BATCH>>(policy_batch().data());
    const Matrix<4, BATCH> targets = Eigen::Map<const Matrix<4, BATCH>>(policy_targets().data());
    float loss = 0;
    const auto step = [&] {
        black_box(inputs), black_box(targets);
        loss = network->step(inputs, targets);
        black_box(loss);
    };
    for (int i = 0; i <= POLICY_STEPS; i++) step();
    program.time("W7", loss, step);
}

// 784-128-10 with the values of some samples.
template <int Samples>
struct Images {
    EIGEN_MAKE_ALIGNED_OPERATOR_NEW
    Dense<784, 128> hidden{images_layers()[0]};
    Dense<128, 10> output{images_layers()[1]};
    Matrix<784, Samples> input;
    Matrix<128, Samples> h, h_slopes;
    Matrix<10, Samples> y;

    explicit Images(const std::vector<float>& inputs) : input(Eigen::Map<const Matrix<784, Samples>>(inputs.data())) {}

    void forward() {
        hidden.template forward<Relu>(input, h);
        output.template forward<Identity>(h, y);
    }

    // A step of SGD; the loss before it.
    float step(const std::vector<int>& classes) {
        forward();
        const Matrix<1, Samples> largest = y.colwise().maxCoeff();
        y.rowwise() -= largest;
        float loss = 0;
        for (int sample = 0; sample < Samples; sample++) loss -= y(classes[sample], sample);
        y = y.array().exp().matrix();
        const Matrix<1, Samples> sums = y.colwise().sum();
        loss += sums.array().log().sum();
        y.array().rowwise() *= (static_cast<float>(Samples) * sums.array()).inverse();
        for (int sample = 0; sample < Samples; sample++) y(classes[sample], sample) -= 1.0f / Samples;
        output.backward(y, h_slopes);
        h_slopes.array() = (h.array() > 0.0f).select(h_slopes.array(), 0.0f);
        output.gradient(h, y);
        hidden.gradient(input, h_slopes);
        output.descend(IMAGES_RATE);
        hidden.descend(IMAGES_RATE);
        return loss / Samples;
    }
};

void images_step(const Program& program) {
    const auto network = std::make_unique<Images<BATCH>>(images_batch());
    const auto classes = images_classes();
    float loss = 0;
    const auto step = [&] {
        black_box(network->input);
        loss = network->step(classes);
        black_box(loss);
    };
    for (int i = 0; i <= IMAGES_STEPS; i++) step();
    program.time("W5", loss, step);
}

template <int Samples>
void images_forward(const Program& program, const char* work) {
    const auto network = std::make_unique<Images<Samples>>(images_inputs());
    const auto forward = [&] {
        black_box(*network);
        network->forward();
        black_box(network->y);
    };
    forward();
    program.time(work, weighted_sum(network->y.data(), 10 * Samples), forward);
}

}  // namespace

int main(int count, char** arguments) {
    const Program program("Eigen", count, arguments);
    if (program.wants("W1")) xor_step(program);
    if (program.wants("W2")) xor_epoch(program);
    if (program.wants("W3")) deep_forward<Tanh, 13, 4>(program, "W3", policy_layers(), policy_input());
    if (program.wants("W4")) deep_forward<Relu, 64, 10>(program, "W4", small_layers(), small_input());
    if (program.wants("W5")) images_step(program);
    if (program.wants("W6a")) images_forward<1>(program, "W6a");
    if (program.wants("W6b")) images_forward<MANY>(program, "W6b");
    if (program.wants("W7")) policy_step(program);
}
