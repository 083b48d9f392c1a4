//===- QuenchOpsCodegen.td - Packed weights and calls of generated kernels -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCODEGEN_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCODEGEN_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchEnums.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def Quench_PanelsAttr : Quench_Attr<"Panels", "panels"> {
  let summary = "The order in which a kernel reads a weight matrix";
  let description = [{
    An `N x K` weight is cut into panels of `lanes` rows, padded with zeros. A panel is a sequence of steps; a step is
    one 32-bit word for each of its rows and holds as many neighbours along K as fit the container: sixteen i2, eight
    i4 or four i8. The groups that share a scale begin at a multiple of sixteen codes and are padded to one.
    Integer codes are stored unsigned, that is, plus `2^(bits - 1)` for signed containers. Code `j` of a word is in byte
    `j mod 4`, the ones with small `j` in its low bits. With the containers si2, si4 and si8, for products of signed
    bytes, `2^(bits - 1)` is subtracted from the unsigned codes. A step of a float container is one element for each row.

    With `depth` 8, for products that sum eight neighbours along K, a step is two words for each row: code `j` is in
    byte `j mod 8`, the ones with small `j` in its low bits. Groups have whole steps then. With `depth` 2, for products
    that sum two neighbours, a step of a container of 16-bit floats is a word of two for each row: of each four elements
    along K the first and the third, then the others. Rows are padded with zeros to a multiple of sixteen elements.

    Four neighbouring panels are a tile and lie interleaved, `[tile][step][panel][lane]`; the last tile may have fewer.
    Scales lie apart as `[tile][group][panel][lane]`, in f32 or in a type of 16 bits that holds them exactly, zero
    points (of the unsigned codes) likewise in i32.

    With a `fragment` the words of a panel lie in the order in which the lanes of an instruction for matrices take
    them, sixteen bytes to a lane: the rows that a lane has, the lanes along K, the words along K that a lane multiplies at a
    time, and from one lane along K to the next (see `FragmentOrder`). Scales and zero points are where they were.

    ```mlir
    #quench.panels<lanes = 16, container = i4>
    #quench.panels<lanes = 16, container = i4, scale = f16>
    #quench.panels<lanes = 16, container = i4, fragment = [2, 4, 2, 1]>
    #quench.panels<lanes = 4, container = i8, depth = 8>
    #quench.panels<lanes = 16, container = bf16, depth = 2>
    ```

    A container of eight-bit floats holds codes as they are, four in a word. What ends in `FNUZ` counts half of what the same
    bits are in the scheme, on both sides of a product, and has neither a negative zero nor an infinity: those become zero and NaN
    when they are packed, and scales are stored four times as large.

    - C1: the container is i2, i4, i8, si2, si4, si8, an eight-bit float (f8E4M3FN, f8E5M2 or their FNUZ kinds), f16, bf16
      or f32; lanes are 4, 8 or 16.
    - C2: a scale, other than f32, is f16 or bf16 and beside an integer container.
    - C3: a fragment is beside 16 lanes and an integer container. A lane has 1 or 2 rows, there are 1 or 4 lanes along K,
      1, 2 or 4 words, and from lane to lane it is 1 or the number of lanes along the rows.
    - C4: the depth is 4, 8 with an integer container and without a fragment, or 2 with f16 and bf16.
  }];
  let parameters = (ins "int64_t":$lanes, "::mlir::Type":$container, OptionalParameter<"::mlir::Type">:$scale,
                        OptionalParameter<"::mlir::DenseI64ArrayAttr">:$fragment,
                        DefaultValuedParameter<"int64_t", "4">:$depth);
  let assemblyFormat = "`<` struct(params) `>`";
  let builders = [
    AttrBuilder<(ins "int64_t":$lanes, "::mlir::Type":$container), [{
      return $_get($_ctxt, lanes, container, ::mlir::Type(), ::mlir::DenseI64ArrayAttr(), 4);
    }]>,
    AttrBuilder<(ins "int64_t":$lanes, "::mlir::Type":$container, "::mlir::Type":$scale,
                     CArg<"int64_t", "4">:$depth), [{
      return $_get($_ctxt, lanes, container, scale, ::mlir::DenseI64ArrayAttr(), depth);
    }]>
  ];
  let genVerifyDecl = 1;
}

def Quench_PackedWeightOp : Quench_Op<"packed_weight", [Pure]> {
  let summary = "A weight matrix in the order in which a kernel reads it";
  let description = [{
    One part of the weight `key`, of type `source`, laid out in `panels`: its codes, the scales of its groups or their
    zero points, behind which are the sums of the codes of groups less zero points if the result has room for them. With a float container the codes are the dequantized values.

    ```mlir
    %codes = quench.packed_weight codes @up_proj.weight of !quench.qtensor<768x256xf32, #w4>
             in <lanes = 16, container = i4> -> tensor<98304xi8>
    ```

    With `overlay` some elements of the weight have the values that are stored under another key, at the indices that
    are stored under a third (see `quench.overlay`).

    ```mlir
    %values = quench.packed_weight codes @up_proj.weight of !quench.qtensor<768x256xf32, #w3>
              overlay "up_proj.weight.kept.values" at "up_proj.weight.kept.indices"
              in <lanes = 16, container = f32> -> tensor<196608xf32>
    ```

    - C1: the source has rank 2 and a static shape.
    - C2: values to overlay come with their indices, and with a float container.
  }];
  let arguments = (ins Quench_WeightPart:$part, StrAttr:$key, TypeAttr:$source, OptionalAttr<StrAttr>:$keptValues,
                       OptionalAttr<StrAttr>:$keptIndices, Quench_PanelsAttr:$panels);
  let results = (outs 1DTensorOf<[I8, F16, BF16, F32, I32]>:$result);
  let assemblyFormat = [{
    $part custom<Key>($key) `of` $source (`overlay` $keptValues^ `at` $keptIndices)? `in` $panels attr-dict `->` type($result)
  }];
  let hasVerifier = 1;
}

def Quench_KernelCallOp : Quench_Op<"kernel_call", [AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Run a generated kernel on tensors or buffers";
  let description = [{
    Calls the function `kernel`, whose parameters are buffers: the inputs, then the destinations. On tensors the
    results are the destinations after the call; after bufferization it becomes a plain call.

    ```mlir
    %y = quench.kernel_call @rms_norm_256(%x, %gain : tensor<?x256xf32>, tensor<256xf32>)
         into (%e : tensor<?x256xf32>) -> tensor<?x256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyType>:$inputs, Variadic<AnyType>:$destinations);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `(` ($inputs^ `:` type($inputs))? `)` `into` `(` $destinations `:` type($destinations) `)` attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getDestinationsMutable(); }
  }];
}

class Quench_PackedRowsOp<string mnemonic> : Quench_Op<mnemonic, [Pure]> {
  let assemblyFormat = [{
    $input `lanes` $lanes attr-dict `:` qualified(type($input)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Quench_PackRowsOp : Quench_PackedRowsOp<"pack_rows"> {
  let summary = "Codes, scales and zero points of each row in consecutive bytes";
  let description = [{
    A row is a slice along the last axis. Its bytes are the scales of its groups in f32, the codes, and the zero points
    of its groups, one byte each; both relative to the smallest code. Codes of `b` bits are divided into planes of 8, 4,
    2 and 1 bits, as the binary digits of `b` say, highest bits first. Element `e` is in byte `e mod n` of the `n` bytes of
    a plane: codes in consecutive bytes, at the same bits, are those of consecutive elements, which is what kernels with
    vectors of `lanes` want. `n` is a multiple of them unless it divides them. A row is padded to a multiple of 4 bytes.

    A cache of codes is made of such rows:

    ```mlir
    %b = quench.pack_rows %q lanes 16 : !quench.qtensor<?x2x64xf32, #kv4> -> tensor<?x2x40xi8>
    %c = tensor.insert_slice %b into %cache[%at, 0, 0] [%n, 2, 40] [1, 1, 1] : tensor<?x2x40xi8> into tensor<512x2x40xi8>
    %k = quench.unpack_rows %c lanes 16 : tensor<512x2x40xi8> -> !quench.qtensor<512x2x64xf32, #kv4>
    ```

    - C1: codes are integers of at most 8 bits with integer zero points or none; a scale is of f32 and belongs to
      elements of one row.
    - C2: the bytes have the shape of the tensor but for the last axis, which is static in both and has the size that the
      layout has.
    - C3: lanes are 4, 8 or 16.
  }];
  let arguments = (ins Quench_QTensorType:$input, I64Attr:$lanes);
  let results = (outs RankedTensorOf<[I8]>:$result);
}

def Quench_UnpackRowsOp : Quench_PackedRowsOp<"unpack_rows"> {
  let summary = "Rows of bytes as the codes, scales and zero points that they are";
  let description = [{
    The inverse of `quench.pack_rows`, with the same constraints.

    ```mlir
    %k = quench.unpack_rows %c lanes 16 : tensor<512x2x40xi8> -> !quench.qtensor<512x2x64xf32, #kv4>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8]>:$input, I64Attr:$lanes);
  let results = (outs Quench_QTensorType:$result);
}

def Quench_ByteDotOp : Quench_Op<"byte_dot", [Pure, AllTypesMatch<["accumulator", "result"]>,
    AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "Four products of bytes into each 32-bit lane";
  let description = [{
    `result[i] = accumulator[i] + sum_{j < 4} lhs[4 i + j] * rhs[4 i + j]` modulo 2^32, without intermediate
    saturation. `rhs` is signed; `lhs` is unsigned, or signed with `signed`. What x86 calls vpdpbusd and Arm sdot.

    ```mlir
    %r = quench.byte_dot %acc, %weights, %activations : vector<16xi32>, vector<64xi8>
    ```

    - C1: four bytes for each lane of the accumulator.
  }];
  let arguments = (ins VectorOfRankAndType<[1], [I32]>:$accumulator, VectorOfRankAndType<[1], [I8]>:$lhs,
                       VectorOfRankAndType<[1], [I8]>:$rhs, UnitAttr:$isSigned);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$result);
  let assemblyFormat = [{
    $accumulator `,` $lhs `,` $rhs (`signed` $isSigned^)? attr-dict `:` type($accumulator) `,` type($lhs)
  }];
  let hasVerifier = 1;
}

def Quench_ByteMatmulOp : Quench_Op<"byte_matmul", [Pure, AllTypesMatch<["accumulator", "result"]>,
    AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "Two rows times two columns of eight bytes into each four 32-bit lanes";
  let description = [{
    In each 128 bits, with `lhs` and `rhs` as two rows of eight bytes each,
    `result[2 i + j] = accumulator[2 i + j] + sum_{k < 8} lhs[8 i + k] * rhs[8 j + k]` modulo 2^32. `rhs` is signed;
    `lhs` is unsigned, or signed with `signed`. What Arm calls usmmla and smmla.

    ```mlir
    %r = quench.byte_matmul %acc, %weights, %activations : vector<4xi32>, vector<16xi8>
    ```

    - C1: four bytes for each lane of the accumulator, of which there are whole fours.
  }];
  let arguments = (ins VectorOfRankAndType<[1], [I32]>:$accumulator, VectorOfRankAndType<[1], [I8]>:$lhs,
                       VectorOfRankAndType<[1], [I8]>:$rhs, UnitAttr:$isSigned);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$result);
  let assemblyFormat = [{
    $accumulator `,` $lhs `,` $rhs (`signed` $isSigned^)? attr-dict `:` type($accumulator) `,` type($lhs)
  }];
  let hasVerifier = 1;
}

def Quench_ByteLookupOp : Quench_Op<"byte_lookup", [Pure, AllTypesMatch<["codes", "result"]>]> {
  let summary = "Look bytes up in a table of sixteen";
  let description = [{
    `result[i] = table[codes[i]]` for codes from 0 to 15; what others give is not specified. x86 calls it pshufb, Arm tbl.

    ```mlir
    %w = quench.byte_lookup [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] at %codes : vector<64xi8>
    ```

    - C1: the table has sixteen entries.
    - C2: the vector has whole sixteens of bytes.
  }];
  let arguments = (ins DenseI8ArrayAttr:$table, VectorOfRankAndType<[1], [I8]>:$codes);
  let results = (outs VectorOfRankAndType<[1], [I8]>:$result);
  let assemblyFormat = "$table `at` $codes attr-dict `:` type($codes)";
  let hasVerifier = 1;
}

def Quench_ForkIfOp : Quench_Op<"fork_if", [MemoryEffects<[MemWrite]>]> {
  let summary = "Say when the next parallel loop is worth threads";
  let description = [{
    Stands before an `scf.parallel` in its block: the loop is divided among threads only if the condition holds, because
    waking them costs more than a small loop. `quench-guard-parallel` turns it into a branch between a loop that
    threads divide and a serial one.

    ```mlir
    quench.fork_if %isLarge
    ```
  }];
  let arguments = (ins I1:$condition);
  let assemblyFormat = "$condition attr-dict";
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCODEGEN_TD
