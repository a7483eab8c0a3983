#!/usr/bin/env bash
# Builds the programs for microcontrollers, runs them in emulators, compares each number with the PC's bit for bit, and
# prints what they cost: `bash run.sh [m0] [m3] [m4f] [m7] [riscv] [wasm]`, all if none is named.
#
# On a Debian machine with rustup's Rust it installs what is missing (as root): emulators, and, where rustup has no
# target, Debian's compiler with the source of its library. CORE=rustup or CORE=debian leaves no choice.
set -euo pipefail
cd "$(dirname "$0")"
exec </dev/null

programs=(empty xor xor_batch xor_inference sine sine_adam policy digits camera)
# Bytes of stack that the frames of the library take at most, beside the arrays that the constants of the types tell. A copy
# of the sine's network, 1,284 bytes, has no room in them.
frames=1152
boards=("$@")
[ $# -gt 0 ] || boards=(m0 m3 m4f m7 riscv wasm)
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
profile=${PROFILE:-release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}
said() {
    printf '%4d s  %s\n' "$SECONDS" "$*"
}

# Installs Debian packages if a command (or a file) is missing.
needs() {
    local wanted=$1
    shift
    if [[ $wanted == /* ]]; then [ -e "$wanted" ] && return; else command -v "$wanted" >/dev/null && return; fi
    command -v apt-get >/dev/null || fail "$wanted is missing, and there is no apt-get to install $* with"
    said "installing $*"
    if ! { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
        >"$work/apt" 2>&1; then
        tail -5 "$work/apt" >&2
        fail "apt-get could not install $* (is this root?)"
    fi
    if [[ $wanted == /* ]]; then [ -e "$wanted" ]; else command -v "$wanted" >/dev/null; fi || fail "$* came without $wanted"
}

# The target, the emulator and the options of a board.
board() {
    case $1 in
        m0) target=thumbv6m-none-eabi emulator=(qemu-system-arm -machine microbit) ;;
        m3) target=thumbv7m-none-eabi emulator=(qemu-system-arm -machine mps2-an385) ;;
        m4f) target=thumbv7em-none-eabihf emulator=(qemu-system-arm -machine mps2-an386 -cpu cortex-m4) ;;
        m7) target=thumbv7em-none-eabihf emulator=(qemu-system-arm -machine mps2-an500 -cpu cortex-m7) ;;
        riscv) target=riscv32imac-unknown-none-elf emulator=(qemu-system-riscv32 -machine virt -bios none) ;;
        wasm) target=wasm32-unknown-unknown emulator=(node run.js) ;;
        *) fail "no board is called $1: m0, m3, m4f, m7, riscv or wasm" ;;
    esac
    case ${emulator[0]} in
        qemu-system-arm)
            package=qemu-system-arm
            emulator+=(-nographic -monitor none -serial none -semihosting-config "enable=on,target=native")
            # an instruction takes 256 ns of the machine's time, so SysTick counts instructions
            emulator+=(-icount "shift=8" -kernel)
            ;;
        qemu-system-riscv32)
            package=qemu-system-misc
            emulator+=(-nographic -monitor none -serial stdio -icount "shift=0" -kernel)
            ;;
        node) package=nodejs ;;
    esac
}

# Makes `cross` a cargo that has the target's `core`, and `built` the folder of what it builds.
toolchain() {
    local core=${CORE:-any}
    case $core in any | rustup | debian) ;; *) fail "CORE is rustup or debian, not $core" ;; esac
    if [ "$core" != debian ]; then
        if command -v rustup >/dev/null && timeout 120 rustup target add "$target" >"$work/rustup" 2>&1; then
            compiler="rustup $(rustc -V | cut -d' ' -f2)"
            built=$target_dir/$target/$profile
            cross() { cargo "$@" --target "$target"; }
            return
        fi
        [ "$core" = any ] || fail "rustup has no $target: $(tail -1 "$work/rustup" 2>/dev/null)"
    fi
    needs /usr/bin/rustc rustc-web rust-web-src
    local version
    version=$(/usr/bin/rustc -V | cut -d' ' -f2)
    needs "/usr/src/rustc-$version/library" rust-web-src
    compiler="Debian $version"
    # rustup's linker, which knows all targets
    tools=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin
    [ -x "$tools/rust-lld" ] || fail "there is no rust-lld in $tools"
    cross() {
        PATH=$PATH:$tools RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$target_dir/debian \
            cargo "$@" --target "$target" -Zbuild-std=core
    }
    built=$target_dir/debian/$target/$profile
}

# What a program says of itself, line after line: the first number of each line of that name, in decimal.
numbers() { # file, kind, name
    sed -n "s/^@$2 $3 \([0-9a-f]*\).*/\1/p" "$1" | while read -r number; do echo "$((16#$number))"; done
}
most() { numbers "$@" | sort -n | tail -1; }
# Ticks become instructions; the most of all calls.
instructions() { # file, name
    local nothing per ticks
    read -r nothing per < <(sed -n 's/^@ticks \([0-9a-f]*\) \([0-9a-f]*\)/\1 \2/p' "$1")
    ticks=$(most "$1" instructions "$2")
    [ -n "$ticks" ] || return 0
    nothing=$((16#$nothing)) per=$((16#$per))
    echo $(((4000 * (ticks - nothing) + per / 2) / per))
}

# Source files of the library, of which code is in a program or not, inlined or not, as its line table tells.
training='trainer|gradient|optimizer|sgd|adam|loss|order|initializer'
others='adam|clip|rms_prop|rprop'
holds() { # program, file
    # no pipe: a `grep -q` that has seen enough would end the other command with an error
    readelf --debug-dump=decodedline "$2" >"$work/lines" 2>"$work/errors" || fail "$1: readelf cannot read its lines"
    holds_none() { # of these, why
        if grep -oE "\b($1)\.rs" "$work/lines" | sort -u >"$work/held"; then
            fail "$name: $program $2, and holds code of $(paste -sd' ' "$work/held")"
        fi
        passed=$((passed + 1))
    }
    holds_all() { # of these
        local wanted
        for wanted in "$@"; do
            grep -q "\b$wanted\.rs" "$work/lines" || fail "$name: $program has no code of $wanted.rs in its line table"
        done
        passed=$((passed + 1))
    }
    case $1 in
        xor_inference | digits) holds_none "$training" 'only runs' ;;
        # what is looked for is found where it is
        xor | sine | policy | camera) holds_all trainer && holds_none "$others" 'trains with plain Sgd' ;;
        xor_batch) holds_all trainer optimizer sgd && holds_none "$others" 'trains with Sgd and momentum' ;;
        sine_adam) holds_all trainer optimizer adam ;;
    esac
}

at_most() { # what, limit, value
    [ "$3" -le "$2" ] || fail "m4f: $1: $3, which is more than $2"
    passed=$((passed + 1))
}
# What a program may cost on a Cortex-M4F. A network that runs has no room for training in it, nor one that trains with
# Sgd for another optimizer.
budget() { # program, flash, static RAM, what it said
    local stack
    stack=$(most "$4" stack '[a-z]*')
    case $1 in
        empty) empty=$2 ;;
        xor)
            at_most 'flash to train XOR' 3000 $(($2 - empty))
            at_most 'instructions of a step of XOR' 400 "$(instructions "$4" step)"
            ;;
        xor_inference) at_most 'flash to run XOR' 900 $(($2 - empty)) ;;
        sine)
            at_most 'flash of the sine' 10000 "$2"
            at_most 'RAM of the sine' 4000 $(($3 + stack))
            ;;
        # 4.5 for each of 5,184 multiplications with an addition
        policy) at_most 'instructions of the policy' 23328 "$(instructions "$4" forward)" ;;
    esac
}

for name in "${boards[@]}"; do
    board "$name"
done
said 'building for the PC, debug and release'
export CARGO_TARGET_DIR=$target_dir
needs cc gcc libc6-dev
needs size binutils
cargo build --locked --quiet --bins || fail 'the debug build for the PC'
cargo build --locked --quiet --bins --release || fail 'the release build for the PC'
for program in "${programs[@]}"; do
    for build in debug release; do
        "$target_dir/$build/$program" >"$work/$program.$build" || fail "$program on the PC, $build: it has not learned"
    done
    cmp "$work/$program.debug" "$work/$program.release" || fail "$program: debug and release differ on the PC"
    passed=$((passed + 1))
done

line='%-6s %-14s %7s %6s %9s %8s %8s %8s %7s\n'
table=
row() {
    # shellcheck disable=SC2059
    table+=$(printf "$line" "$@")$'\n'
}
row board program flash RAM training running step forward panics

for name in "${boards[@]}"; do
    board "$name"
    needs "${emulator[0]}" "$package"
    toolchain
    said "$name: building for $target ($compiler)"
    # what wasm weighs is its file
    strip=()
    [ "$name" != wasm ] || strip=(--config "profile.$profile.strip=\"debuginfo\"")
    cross build --locked --quiet --bins --profile "$profile" "${strip[@]}" || fail "$name: the build"
    for program in "${programs[@]}"; do
        file=$built/$program
        [ "$name" = wasm ] && file+=.wasm
        found=$work/$name.$program
        status=0
        timeout 60 "${emulator[@]}" "$file" >"$found" 2>"$work/errors" || status=$?
        # carriage returns are the serial port's
        sed -i 's/\r$//' "$found"
        if [ "$status" -ne 0 ] || ! diff <(grep -v '^@' "$found") "$work/$program.release" >"$work/difference"; then
            head -5 "$work/errors" "$work/difference" >&2
            fail "$name: $program ended with $status, or its bits are not the PC's"
        fi
        passed=$((passed + 1))
        if [ "$name" = wasm ]; then
            # where the linker lets a function be nowhere, the program does not start
            panics=
            [ "$profile" != release ] || panics=no
            row "$name" "$program" "$(stat -c %s "$file")" '' '' '' '' '' "$panics"
            continue
        fi
        # a program that can panic holds the functions that do; other profiles may keep checks that this one proves needless
        if nm "$file" | grep -iE 'panic|unwrap_failed|expect_failed|_fail$' >"$work/panics"; then
            [ "$profile" != release ] || { cat "$work/panics" >&2; fail "$name: $program can panic"; }
            panics=yes
        else
            panics=no
            passed=$((passed + 1))
        fi
        [ "$profile" != release ] || holds "$program" "$file"
        # what was painted over, against the constants
        while read -r _ what bytes arrays; do
            [ "$profile" = release ] || continue
            [ $((16#$bytes)) -le $((16#$arrays + frames)) ] ||
                fail "$name: $program took $((16#$bytes)) bytes of stack for $what, of which $((16#$arrays)) are arrays"
            passed=$((passed + 1))
        done < <(grep '^@stack' "$found")
        read -r text data bss < <(size "$file" | awk 'NR == 2 { print $1, $2, $3 }')
        step=$(instructions "$found" step)
        [ -n "$step" ] || step=$(instructions "$found" epoch)
        [ "$name-$profile" != m4f-release ] || budget "$program" "$((text + data))" "$((data + bss))" "$found"
        row "$name" "$program" "$((text + data))" "$((data + bss))" "$(most "$found" stack training)" \
            "$(most "$found" stack running)" "$step" "$(instructions "$found" forward)" "$panics"
    done
    said "$name: ${#programs[@]} programs, every bit as on the PC, debug and release"
done

cat <<'END'

Bytes of flash (of the file, for wasm), of static RAM, of stack while training and while running; instructions of a
training step and of a forward pass. Instructions are not cycles: an emulator has none.
END
printf '%s\n%d passed, 0 failed\n' "$table" "$passed"
