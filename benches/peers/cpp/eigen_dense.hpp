// A layer of Eigen matrices of fixed size. A sample is a column, so a batch is a matrix of columns.
#pragma once

// 0 is no limit: the matrices of 784-128-10 are larger than Eigen allows by itself; they lie on the heap.
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

}  // namespace
