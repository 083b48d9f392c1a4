// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=VNNI
// RUN: sed -e 's/16xi32/8xi32/g' -e 's/64xi8/32xi8/g' %s | quench-opt --quench-attach-target=target=x86-avx2 --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: sed -e 's/16xi32/4xi32/g' -e 's/64xi8/16xi8/g' -e 's/x : vec/x signed : vec/' %s | quench-opt --quench-attach-target=target=arm-dotprod --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=ARM
// RUN: sed -e 's/16xi32/4xi32/g' -e 's/64xi8/16xi8/g' -e 's/x : vec/x signed : vec/' %s | quench-opt --quench-attach-target=target=arm-neon --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=NEON
// RUN: sed -e 's/16xi32/4xi32/g' -e 's/64xi8/16xi8/g' -e 's/x : vec/x signed : vec/' %s | quench-opt --quench-attach-target=target=arm-i8mm --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=I8MM
// RUN: sed -e 's/16xi32/4xi32/g' -e 's/64xi8/16xi8/g' %s | quench-opt --quench-attach-target=target=x86-sse41 --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=SSE
// RUN: sed -e 's/16xi32/8xi32/g' -e 's/64xi8/32xi8/g' %s | quench-opt --quench-attach-target=target=x86-avxvnni --quench-lower-byte-dots --split-input-file | FileCheck %s --check-prefix=AVXVNNI
// RUN: not quench-opt %s --quench-attach-target=target=arm-dotprod --quench-lower-byte-dots -o /dev/null 2>&1 | FileCheck %s --check-prefix=ERROR

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
// I8MM-LABEL: func.func @dot(
// I8MM-NEXT:    llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"
// SSE-LABEL:  func.func @dot(
// SSE-COUNT-2:  llvm.call_intrinsic "llvm.x86.sse2.pmadd.wd"
// AVXVNNI-LABEL: func.func @dot(
// AVXVNNI-NEXT:  llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// Products have 16 bits, and sums of two of them could overflow: sums are made in 32.
// NEON-LABEL: func.func @dot(
// NEON-SAME:    %[[A:.+]]: vector<4xi32>, %[[W:.+]]: vector<16xi8>, %[[X:.+]]: vector<16xi8>
// NEON:         %[[LOW:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.smull.v8i16"
// NEON:         %[[HIGH:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.smull.v8i16"
// NEON:         %[[FIRST:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.saddlp.v4i32.v8i16"(%[[LOW]])
// NEON:         %[[SECOND:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.saddlp.v4i32.v8i16"(%[[HIGH]])
// NEON:         %[[PAIRS:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v4i32"(%[[FIRST]], %[[SECOND]])
// NEON:         %[[Y:.+]] = arith.addi %[[A]], %[[PAIRS]]
// NEON:         return %[[Y]]
// ERROR: lower-byte-dots.mlir:[[#@LINE+2]]:8: error: 'quench.byte_dot' op has no instruction on target arm-dotprod for 'vector<16xi32>'
func.func @dot(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<64xi8>) -> vector<16xi32> {
  %y = quench.byte_dot %a, %w, %x : vector<16xi32>, vector<64xi8>
  return %y : vector<16xi32>
}

// -----

// Two rows times two columns are one instruction of i8mm, and of no other target.
// RUN: quench-opt %S/Inputs/byte-matmul.mlir --quench-attach-target=target=arm-i8mm --quench-lower-byte-dots | FileCheck %s --check-prefix=MATMUL
// RUN: not quench-opt %S/Inputs/byte-matmul.mlir --quench-attach-target=target=arm-dotprod --quench-lower-byte-dots -o /dev/null 2>&1 | FileCheck %s --check-prefix=NO-MATMUL
// MATMUL-LABEL: func.func @matmul(
// MATMUL-SAME:    %[[A:.+]]: vector<4xi32>, %[[W:.+]]: vector<16xi8>, %[[X:.+]]: vector<16xi8>
// MATMUL-NEXT:    llvm.call_intrinsic "llvm.aarch64.neon.smmla.v4i32.v16i8"(%[[A]], %[[W]], %[[X]])
// On 256 bits it is one of scalable registers, which take the vectors as they are.
// RUN: sed -e 's/4xi32/8xi32/g' -e 's/16xi8/32xi8/g' %S/Inputs/byte-matmul.mlir | quench-opt --quench-attach-target=target=arm-sve256 --quench-lower-byte-dots | FileCheck %s --check-prefix=SVE
// SVE-LABEL: func.func @matmul(
// SVE-SAME:    %[[A:.+]]: vector<8xi32>, %[[W:.+]]: vector<32xi8>, %[[X:.+]]: vector<32xi8>
// SVE:         %[[SA:.+]] = vector.scalable.insert %[[A]], %{{.+}}[0] : vector<8xi32> into vector<[4]xi32>
// SVE:         %[[SW:.+]] = vector.scalable.insert %[[W]], %{{.+}}[0] : vector<32xi8> into vector<[16]xi8>
// SVE:         %[[SX:.+]] = vector.scalable.insert %[[X]], %{{.+}}[0] : vector<32xi8> into vector<[16]xi8>
// SVE:         %[[SY:.+]] = llvm.call_intrinsic "llvm.aarch64.sve.smmla.nxv4i32"(%[[SA]], %[[SW]], %[[SX]])
// SVE:         vector.scalable.extract %[[SY]][0] : vector<8xi32> from vector<[4]xi32>
// NO-MATMUL: byte-matmul.mlir:3:8: error: 'quench.byte_matmul' op has no instruction on target arm-dotprod for 'vector<4xi32>'
// A target of unsigned by signed bytes takes no signed ones, nor the other way round.
// RUN: sed -e 's/x signed/x/' %S/Inputs/byte-matmul.mlir > %t.unsigned.mlir
// RUN: not quench-opt %t.unsigned.mlir --quench-attach-target=target=arm-i8mm --quench-lower-byte-dots -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNSIGNED
// UNSIGNED: error: 'quench.byte_matmul' op has no instruction on target arm-i8mm for 'vector<4xi32>'
// RUN: quench targets --show arm-i8mm | sed -e 's/"smmla"/"usmmla"/' -e 's/"sdot"/"usdot"/' -e 's/"weights" = i8/"weights" = ui8/g' > %t.usmmla.mlir
// RUN: quench-opt %t.unsigned.mlir --quench-attach-target=target=%t.usmmla.mlir --quench-lower-byte-dots | FileCheck %s --check-prefix=USMMLA
// RUN: not quench-opt %S/Inputs/byte-matmul.mlir --quench-attach-target=target=%t.usmmla.mlir --quench-lower-byte-dots -o /dev/null 2>&1 | FileCheck %s --check-prefix=NO-SIGNED
// USMMLA: llvm.call_intrinsic "llvm.aarch64.neon.usmmla.v4i32.v16i8"
// NO-SIGNED: error: 'quench.byte_matmul' op has no instruction on target arm-i8mm for 'vector<4xi32>' with a signed left side

// A lookup is one instruction, which has the table in each 128 bits.
// VNNI-LABEL: func.func @lookup(
// VNNI-DAG:     %[[TABLE:.+]] = arith.constant dense<[0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12, 0, 1, {{.*}}, -8, -12]> : vector<64xi8>
// VNNI:         llvm.call_intrinsic "llvm.x86.avx512.pshuf.b.512"(%[[TABLE]], %{{.+}})
// AVX2-LABEL: func.func @lookup(
// AVX2:         llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// SSE-LABEL:  func.func @lookup(
// SSE:          llvm.call_intrinsic "llvm.x86.ssse3.pshuf.b.128"
// ARM-LABEL:  func.func @lookup(
// ARM:          llvm.call_intrinsic "llvm.aarch64.neon.tbl1.v16i8"
func.func @lookup(%codes: vector<64xi8>) -> vector<64xi8> {
  %y = quench.byte_lookup [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12] at %codes : vector<64xi8>
  return %y : vector<64xi8>
}

// -----

// Codes of four bits, and what a table has below 128: sums of two products fit 16 bits, and so do the sums of eight of them
// (8 * 2 * 15 * 128 = 30720), which are widened once.
// AVX2-LABEL: func.func @small(
// AVX2-SAME:    %[[A:.+]]: vector<8xi32>,
// AVX2:         %[[LOW:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[MASKED:.+]], %{{.+}})
// AVX2:         %[[HIGH:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2:         %[[SUM:.+]] = arith.addi %[[LOW]], %[[HIGH]] : vector<16xi16>
// AVX2:         %[[WIDE:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[SUM]], %{{.+}})
// AVX2:         %[[B:.+]] = arith.addi %[[A]], %[[WIDE]] : vector<8xi32>
// The next one may reach 2 * 127 * 128 and has 16 bits of its own.
// AVX2:         %[[TABLE:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// AVX2:         %[[OWN:.+]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[TABLE]], %{{.+}})
// AVX2:         arith.addi %[[B]], %[[OWN]] : vector<8xi32>
// SSE-LABEL:  func.func @small(
// SSE:          llvm.x86.ssse3.pmadd.ub.sw.128
// Arm multiplies each half of a register and adds no neighbours: the sum of all three may reach (2 * 15 + 127) * 128.
// NEON-LABEL: func.func @small(
// NEON-SAME:    %[[A:.+]]: vector<4xi32>,
// NEON-COUNT-2: llvm.call_intrinsic "llvm.aarch64.neon.smull.v8i16"
// NEON-COUNT-4: arith.addi %{{.+}}, %{{.+}} : vector<8xi16>
// NEON-COUNT-2: llvm.call_intrinsic "llvm.aarch64.neon.saddlp.v4i32.v8i16"
// NEON-NOT:     saddlp
// NEON:         %[[WIDE:.+]] = llvm.call_intrinsic "llvm.aarch64.neon.addp.v4i32"
// NEON:         arith.addi %[[A]], %[[WIDE]] : vector<4xi32>
// VNNI-LABEL: func.func @small(
// VNNI-NOT:     pmadd
func.func @small(%a: vector<16xi32>, %w: vector<64xi8>, %x: vector<64xi8>) -> vector<16xi32> {
  %mask = arith.constant dense<15> : vector<64xi8>
  %four = arith.constant dense<4> : vector<64xi8>
  %low = arith.andi %w, %mask : vector<64xi8>
  %high = arith.shrui %w, %four : vector<64xi8>
  %table = quench.byte_lookup [0, 1, 2, 3, 4, 6, 8, 12, 127, 8, 7, 6, 5, 4, 2, 1] at %low : vector<64xi8>
  %0 = quench.byte_dot %a, %low, %x : vector<16xi32>, vector<64xi8>
  %1 = quench.byte_dot %0, %high, %x : vector<16xi32>, vector<64xi8>
  %2 = quench.byte_dot %1, %table, %x : vector<16xi32>, vector<64xi8>
  return %2 : vector<16xi32>
}
