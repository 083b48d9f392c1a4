// RUN: quench-opt %s --quench-lower-byte-dots=target=x86-avx512vnni --split-input-file | FileCheck %s --check-prefix=VNNI
// RUN: sed -e 's/16xi32/8xi32/g' -e 's/64xi8/32xi8/g' %s | quench-opt --quench-lower-byte-dots=target=x86-avx2 --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: sed -e 's/16xi32/4xi32/g' -e 's/64xi8/16xi8/g' -e 's/x : vec/x signed : vec/' %s | quench-opt --quench-lower-byte-dots=target=arm-dotprod --split-input-file | FileCheck %s --check-prefix=ARM
// RUN: not quench-opt %s --quench-lower-byte-dots=target=arm-dotprod -o /dev/null 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: not quench-opt %s --quench-lower-byte-dots=target=z80 -o /dev/null 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: error: unknown target 'z80', expected host, x86-avx512vnni, x86-avx2, arm-dotprod

// One instruction where there is one. Elsewhere bytes are widened first, because vpmaddubsw would saturate 255 * 127 * 2.
// VNNI-LABEL: func.func @dot(
// VNNI-SAME:    %[[A:.+]]: vector<16xi32>, %[[W:.+]]: vector<64xi8>, %[[X:.+]]: vector<64xi8>
// VNNI-NEXT:    %[[Y:.+]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%[[A]], %[[W]], %[[X]])
// VNNI-NEXT:    return %[[Y]]
// AVX2-LABEL: func.func @dot(
// AVX2-SAME:    %[[A:.+]]: vector<8xi32>, %[[W:.+]]: vector<32xi8>, %[[X:.+]]: vector<32xi8>
// AVX2-NOT:     pmadd.ub
// AVX2-DAG:     vector.bitcast %[[W]] : vector<32xi8> to vector<16xi16>
// AVX2-DAG:     vector.bitcast %[[X]] : vector<32xi8> to vector<16xi16>
// AVX2:         %[[EVEN:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2:         %[[SUM:.+]] = arith.addi %[[A]], %[[EVEN]]
// AVX2:         %[[ODD:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2:         %[[Y:.+]] = arith.addi %[[SUM]], %[[ODD]]
// AVX2:         return %[[Y]]
// ARM-LABEL:  func.func @dot(
// ARM-SAME:     %[[A:.+]]: vector<4xi32>, %[[W:.+]]: vector<16xi8>, %[[X:.+]]: vector<16xi8>
// ARM-NEXT:     %[[Y:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"(%[[A]], %[[W]], %[[X]])
// ARM-NEXT:     return %[[Y]]
// ERROR: lower-byte-dots.mlir:[[#@LINE+2]]:8: error: 'quench.byte_dot' op has no instruction on target arm-dotprod for 'vector<16xi32>'
func.func @dot(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<64xi8>) -> vector<16xi32> {
  %y = quench.byte_dot %a, %w, %x : vector<16xi32>, vector<64xi8>
  return %y : vector<16xi32>
}
