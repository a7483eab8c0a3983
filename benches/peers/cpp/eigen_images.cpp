// Eigen with fixed sizes: 784-128-10.
#include "eigen_dense.hpp"

namespace {

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

void images(const Program& program) {
    if (program.wants("W5")) images_step(program);
    if (program.wants("W6a")) images_forward<1>(program, "W6a");
    if (program.wants("W6b")) images_forward<MANY>(program, "W6b");
}
