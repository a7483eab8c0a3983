// Eigen with fixed sizes: the small networks.
#include "eigen_dense.hpp"

// The others, in files of their own: in one file with these, g++ makes a slower product of them.
void images(const harness::Program& program);
void recurrent(const harness::Program& program);

namespace {

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

}  // namespace

int main(int count, char** arguments) {
    const Program program("Eigen", count, arguments);
    if (program.wants("W1")) xor_step(program);
    if (program.wants("W2")) xor_epoch(program);
    if (program.wants("W3")) deep_forward<Tanh, 13, 4>(program, "W3", policy_layers(), policy_input());
    if (program.wants("W4")) deep_forward<Relu, 64, 10>(program, "W4", small_layers(), small_input());
    images(program);
    if (program.wants("W7")) policy_step(program);
    recurrent(program);
}
