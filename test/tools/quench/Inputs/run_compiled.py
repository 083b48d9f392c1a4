# usage: run_compiled.py LIBRARY NAME
# Runs one token through a compiled model and prints what it needs and returns.
import ctypes
import sys

library, name = ctypes.CDLL(sys.argv[1]), sys.argv[2]


def constant(suffix):
    return ctypes.c_int64.in_dll(library, name + suffix).value


features = ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(library, name + "_required_features"))).decode()
print("needs", features)
size = constant("_state_bytes")
memory = ctypes.create_string_buffer(size + 64)
state = (ctypes.addressof(memory) + 63) // 64 * 64
logits = (ctypes.c_float * constant("_vocab_size"))()
run = getattr(library, name + "_run")
run.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p]
print("status", run((ctypes.c_int32 * 1)(1), 1, 0, 0, state, logits))
