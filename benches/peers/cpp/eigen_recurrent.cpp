// Eigen with fixed sizes: a streaming step of recurrent layers.
#include "eigen_dense.hpp"

namespace {

// What the weights give of the input and of the state, of all gates: a column of the matrix belongs to a value of the state.
template <int Gates, int Width>
struct Recurrent {
    EIGEN_MAKE_ALIGNED_OPERATOR_NEW
    static constexpr int SUMS = Gates * Width;
    Matrix<SUMS, 1> of_input, input_bias, state_bias, from_input, from_state;
    Matrix<SUMS, Width> of_state;
    Matrix<Width, 1> h = Matrix<Width, 1>::Zero();

    Recurrent() {
        const std::vector<float> parameters = recurrent_parameters(Gates, Width);
        const float* values = parameters.data();
        of_input = Eigen::Map<const Matrix<SUMS, 1>>(values);
        of_state = Eigen::Map<const Matrix<SUMS, Width>>(values + SUMS);
        input_bias = Eigen::Map<const Matrix<SUMS, 1>>(values + SUMS + Width * SUMS);
        state_bias = Eigen::Map<const Matrix<SUMS, 1>>(values + 2 * SUMS + Width * SUMS);
    }

    void sums(float x) {
        from_input = x * of_input + input_bias;
        from_state.noalias() = of_state * h;
        from_state += state_bias;
    }
};

template <int Width>
struct Gru : Recurrent<3, Width> {
    Matrix<2 * Width, 1> gates;

    void step(float x) {
        this->sums(x);
        gates = this->from_input.template head<2 * Width>() + this->from_state.template head<2 * Width>();
        Sigmoid::apply(gates);
        const auto r = gates.template head<Width>().array();
        const auto z = gates.template tail<Width>().array();
        Matrix<Width, 1> n = this->from_input.template tail<Width>();
        n.array() += r * this->from_state.template tail<Width>().array();
        Tanh::apply(n);
        this->h.array() = n.array() + z * (this->h - n).array();
    }
};

template <int Width>
struct Lstm : Recurrent<4, Width> {
    Matrix<2 * Width, 1> i_and_f;
    Matrix<Width, 1> g, o, c = Matrix<Width, 1>::Zero();

    void step(float x) {
        this->sums(x);
        this->from_input += this->from_state;
        i_and_f = this->from_input.template head<2 * Width>();
        g = this->from_input.template segment<Width>(2 * Width);
        o = this->from_input.template tail<Width>();
        Sigmoid::apply(i_and_f);
        Tanh::apply(g);
        Sigmoid::apply(o);
        c.array() = i_and_f.template tail<Width>().array() * c.array() + i_and_f.template head<Width>().array() * g.array();
        this->h = c;
        Tanh::apply(this->h);
        this->h.array() *= o.array();
    }
};

template <class Layer, int Width>
void stream(const Program& program, const char* work) {
    if (!program.wants(work)) return;
    const auto layer = std::make_unique<Layer>();
    const std::vector<float> inputs = recurrent_inputs();
    unsigned turn = 0;
    const auto step = [&] {
        float x = inputs[turn % inputs.size()];
        turn++;
        black_box(x), black_box(*layer);
        layer->step(x);
    };
    for (int i = 0; i < RECURRENT_STEPS; i++) step();
    program.time(work, weighted_sum(layer->h.data(), Width), step);
    black_box(*layer);
}

}  // namespace

void recurrent(const Program& program) {
    stream<Gru<16>, 16>(program, "W8a");
    stream<Gru<32>, 32>(program, "W8b");
    stream<Gru<64>, 64>(program, "W8c");
    stream<Lstm<16>, 16>(program, "W9a");
    stream<Lstm<32>, 32>(program, "W9b");
    stream<Lstm<64>, 64>(program, "W9c");
}
