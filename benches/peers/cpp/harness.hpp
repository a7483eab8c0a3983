// What harness/ is in Rust: the same numbers, the same timing loop, the same lines of JSON.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

namespace harness {

// Numbers.

inline uint32_t hash(uint32_t stream, uint32_t place) {
    uint32_t bits = (stream << 20) | place;
    bits = (bits ^ (bits >> 16)) * 0x7feb352du;
    bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
    return bits ^ (bits >> 16);
}

inline float unit_at(uint32_t stream, uint32_t place) {
    return static_cast<float>(hash(stream, place) >> 8) / 16777216.0f;
}

inline float signed_at(uint32_t stream, uint32_t place) { return 2.0f * unit_at(stream, place) - 1.0f; }

template <class At>
std::vector<float> numbers(At at, uint32_t stream, uint32_t count) {
    std::vector<float> values(count);
    for (uint32_t place = 0; place < count; place++) values[place] = at(stream, place);
    return values;
}

struct Layer {
    int inputs, outputs;
    std::vector<float> weights;  // [inputs][outputs]
    std::vector<float> bias;
};

inline std::vector<Layer> layers(uint32_t stream, const std::vector<int>& sizes) {
    std::vector<Layer> result;
    uint32_t place = 0;
    for (size_t i = 0; i + 1 < sizes.size(); i++) {
        Layer layer{sizes[i], sizes[i + 1], {}, {}};
        const float scale = 1.0f / std::sqrt(static_cast<float>(layer.inputs));
        const auto take = [&](int count) {
            std::vector<float> values(count);
            for (float& value : values) value = signed_at(stream, place++) * scale;
            return values;
        };
        layer.weights = take(layer.inputs * layer.outputs);
        layer.bias = take(layer.outputs);
        result.push_back(layer);
    }
    return result;
}

inline std::vector<Layer> xor_layers() { return layers(1, {2, 3, 1}); }
inline std::vector<Layer> policy_layers() { return layers(2, {13, 64, 64, 4}); }
inline std::vector<Layer> small_layers() { return layers(3, {64, 64, 64, 10}); }
inline std::vector<Layer> images_layers() { return layers(4, {784, 128, 10}); }

constexpr int BATCH = 32;
constexpr int MANY = 64;
constexpr float XOR_INPUTS[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
constexpr float XOR_TARGETS[4] = {0, 1, 1, 0};

inline std::vector<float> policy_input() { return numbers(signed_at, 10, 13); }
inline std::vector<float> small_input() { return numbers(signed_at, 11, 64); }
inline std::vector<float> images_batch() { return numbers(unit_at, 12, 784 * BATCH); }
inline std::vector<float> images_inputs() { return numbers(unit_at, 14, 784 * MANY); }
inline std::vector<float> policy_batch() { return numbers(signed_at, 15, 13 * BATCH); }
inline std::vector<float> policy_targets() { return numbers(signed_at, 16, 4 * BATCH); }

inline std::vector<float> recurrent_inputs() { return numbers(signed_at, 21, 64); }

// The weights of the input, of the state, and both biases, of all gates side by side: as in harness/src/recurrent.rs.
inline std::vector<float> recurrent_parameters(int gates, int width) {
    std::vector<float> parameters = numbers(signed_at, 20, gates * width * (width + 3));
    for (float& value : parameters) value *= 1.0f / std::sqrt(static_cast<float>(width));
    return parameters;
}

inline std::vector<int> images_classes() {
    std::vector<int> classes(BATCH);
    for (uint32_t place = 0; place < BATCH; place++) classes[place] = static_cast<int>(hash(13, place) % 10);
    return classes;
}

// Works.

constexpr float XOR_RATE = 0.4f, IMAGES_RATE = 0.01f, POLICY_RATE = 0.001f;
constexpr int XOR_STEPS = 1000, IMAGES_STEPS = 20, POLICY_STEPS = 100, RECURRENT_STEPS = 50;

inline double weighted_sum(const float* outputs, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += static_cast<double>(i % 7 + 1) * outputs[i];
    return sum;
}

// What std::hint::black_box is in Rust.
template <class T>
void black_box(T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

// The timing loop of harness/src/timing.rs.

template <class Function>
double nanoseconds_of(uint64_t calls, Function& work) {
    const auto start = std::chrono::steady_clock::now();
    for (uint64_t i = 0; i < calls; i++) work();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

template <class Function>
double fastest(double seconds, Function& work) {
    constexpr double BATCH_NANOSECONDS = 1e6;
    uint64_t calls = 1;
    while (nanoseconds_of(calls, work) < BATCH_NANOSECONDS) calls *= 2;
    double best = std::numeric_limits<double>::max();
    const auto start = std::chrono::steady_clock::now();
    for (int batches = 0;
         batches < 3 || std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds;
         batches++) {
        best = std::fmin(best, nanoseconds_of(calls, work));
    }
    return best / static_cast<double>(calls);
}

// The command line and the lines of JSON of harness/src/program.rs.
class Program {
public:
    Program(const char* peer, int count, char** arguments) : peer_(peer) {
        for (int i = 1; i < count; i++) {
            const std::string argument = arguments[i];
            if (argument == "--seconds" && i + 1 < count) {
                seconds_ = std::atof(arguments[++i]);
            } else {
                wanted_.push_back(argument);
            }
        }
    }

    bool wants(const char* work) const {
        if (wanted_.empty()) return true;
        for (const std::string& wanted : wanted_) {
            if (wanted == work) return true;
        }
        return false;
    }

    template <class Function>
    void time(const char* work, double check, Function function) const {
        const double nanoseconds = fastest(seconds_, function);
        std::printf("{\"peer\":\"%s\",\"work\":\"%s\",\"ns\":%.2f,\"check\":%.9f}\n", peer_, work, nanoseconds, check);
        std::fflush(stdout);
    }

private:
    const char* peer_;
    double seconds_ = 0.3;
    std::vector<std::string> wanted_;
};

}  // namespace harness
