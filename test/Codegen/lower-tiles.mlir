// RUN: quench-opt %s --quench-lower-tiles | FileCheck %s

// Tiles become LLVM's, also where a loop carries them; the sizes in the instructions are those of the types.
// CHECK-LABEL: func.func @sum(
// CHECK:         %[[ZERO:.+]] = llvm.call_intrinsic "llvm.x86.tilezero.internal"({{.*}} -> !llvm.x86_amx
// CHECK:         scf.for {{.*}} iter_args(%[[SUM:.+]] = %[[ZERO]]) -> (!llvm.x86_amx)
// CHECK:           %[[A:.+]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK:           %[[B:.+]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK:           %[[NEXT:.+]] = llvm.call_intrinsic "llvm.x86.tdpbsud.internal"
// CHECK:           scf.yield %[[NEXT]] : !llvm.x86_amx
// CHECK:         llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// CHECK-NOT:     amx.tile
func.func @sum(%x: memref<16x640xi8>, %w: memref<640x64xi8>, %y: memref<16x16xi32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %c640 = arith.constant 640 : index
  %zero = amx.tile_zero : !amx.tile<16x16xi32>
  %sum = scf.for %k = %c0 to %c640 step %c64 iter_args(%carried = %zero) -> !amx.tile<16x16xi32> {
    %row = arith.divui %k, %c16 : index
    %a = amx.tile_load %x[%c0, %k] : memref<16x640xi8> into !amx.tile<16x64xi8>
    %b = amx.tile_load %w[%row, %c0] : memref<640x64xi8> into !amx.tile<16x64xi8>
    %next = amx.tile_muli %a, %b zext, %carried : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
    scf.yield %next : !amx.tile<16x16xi32>
  }
  amx.tile_store %y[%c0, %c0], %sum : memref<16x16xi32>, !amx.tile<16x16xi32>
  return
}
