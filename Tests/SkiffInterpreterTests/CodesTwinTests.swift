import CKernels
import SkiffTestSupport
import Testing

/// Integers for weights on every level, and against their definition.
@Suite struct CodesTwinTests {
  private struct Encoded: Equatable {
    var codes: [Int8]
    var scales: [UInt16]
    var zeroPoints: [Int8]
    var sums: [Double] = []
  }

  private func encoded(_ weights: [Float], _ rows: skiff_code_rows, _ form: skiff_code_form) -> Encoded {
    var (form, sums) = (form, skiff_code_sums())
    var result = Encoded(
      codes: [Int8](repeating: 0, count: weights.count), scales: [UInt16](repeating: 0, count: weights.count),
      zeroPoints: [Int8](repeating: 0, count: weights.count))
    skiff_f32_encode_blocks(
      weights.count, weights, rows, &form, &result.codes, &result.scales, &result.zeroPoints, &sums)
    result.sums = [sums.signal, sums.noise, Double(sums.zeros), Double(sums.greatest)]
    return result
  }

  private func form(_ bits: Int, isSymmetric: Bool, clips: Bool) -> skiff_code_form {
    let half = Int32(1 << (bits - 1))
    return skiff_code_form(
      lower: isSymmetric ? 1 - half : -half, upper: half - 1, is_symmetric: isSymmetric, clips: clips)
  }

  private func weights(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    let scale = Float(random.logUniform(in: 1e-30...1e30))
    let kind = Int.random(in: 0...3, using: &random)
    return random.floats(count).map { number in
      switch kind {
      case 0: number * scale
      case 1: number * number * number * scale
      case 2: abs(number) * scale
      default: abs(number) < 0.9 ? 0 : number * scale
      }
    }
  }

  @Test(arguments: Seed.fixedAndFresh) func everyLevelGivesTheSame(seed: Seed) throws {
    var random = SeededGenerator(seed)
    for round in 0..<200 {
      let count = Int.random(in: 1...700, using: &random)
      let length = Int.random(in: 1...count, using: &random)
      let size = round % 3 == 0 ? 32 : Int.random(in: 1...100, using: &random)
      let rows = skiff_code_rows(length: length, size: size, column: 0)
      let form = form(
        .random(in: 2...8, using: &random), isSymmetric: .random(using: &random),
        clips: .random(using: &random))
      let weights = weights(count, &random)
      var results: [Encoded] = []
      try inAllForms { results.append(encoded(weights, rows, form)) }
      #expect(results.allSatisfy { $0 == results[0] }, "\(count) \(length) \(size) \(form)")
    }
  }

  /// No part of the range loses less than the one that was chosen, and sums are those of the integers.
  @Test(arguments: Seed.fixedAndFresh) func theChosenScaleLosesLeast(seed: Seed) throws {
    var random = SeededGenerator(seed)
    for round in 0..<300 {
      let count = round % 4 == 0 ? 32 : Int.random(in: 1...5000, using: &random)
      let weights = weights(count, &random)
      let form = form(.random(in: 2...8, using: &random), isSymmetric: round % 2 == 0, clips: true)
      let rows = skiff_code_rows(length: count, size: count, column: 0)
      let found = encoded(weights, rows, form)
      let scale = Float(bitPattern: UInt32(found.scales[0]) << 16)
      func error(_ scale: Float, _ zeroPoint: Int32) -> Double {
        weights.reduce(0) { sum, weight in
          let code = min(
            max((weight / scale).rounded() + Float(zeroPoint), Float(form.lower)), Float(form.upper))
          let difference = Double((code - Float(zeroPoint)) * scale) - Double(weight)
          return sum + difference * difference
        }
      }
      let own =
        scale == 0
        ? weights.reduce(0) { $0 + Double($1) * Double($1) } : error(scale, Int32(found.zeroPoints[0]))
      for (index, weight) in weights.enumerated() where scale > 0 {
        let zeroPoint = Float(found.zeroPoints[0])
        let code = min(
          max((weight / scale).rounded(.toNearestOrEven) + zeroPoint, Float(form.lower)), Float(form.upper))
        #expect(Float(found.codes[index]) == code)
      }
      var whole = form
      whole.clips = false
      let plain = encoded(weights, rows, whole)
      let widest = Float(bitPattern: UInt32(plain.scales[0]) << 16)
      for share in 0..<25 where widest > 0 {
        let (least, greatest) = (min(weights.min() ?? 0, 0), max(weights.max() ?? 0, 0))
        let part = 1 - Float(share) / 40
        let steps = Float(form.upper - form.lower)
        let width =
          form.is_symmetric
          ? max(-least, greatest) * part / Float(form.upper) : (greatest - least) * part / steps
        let cut = width.bitPattern & 0xFFFF_0000
        let other = Float(bitPattern: cut == width.bitPattern ? cut : cut + 0x1_0000)
        let zeroPoint =
          form.is_symmetric
          ? 0
          : Int32(
            min(
              max((Float(form.lower) - least * part / other).rounded(), Float(form.lower)), Float(form.upper))
          )
        #expect(own <= error(other, zeroPoint) * 1.001 + 1e-60, "part \(part) of \(count) weights, \(form)")
      }
      let signal = weights.reduce(0) { $0 + Double($1) * Double($1) }
      #expect(abs(found.sums[0] - signal) <= 1e-4 * signal)
      #expect(abs(found.sums[1] - own) <= 1e-3 * own + 1e-12 * signal)
      #expect(Int(found.sums[2]) == found.codes.count { $0 == found.zeroPoints[0] })
    }
  }

  @Test func everyNumberOf16BitsIsWidened() throws {
    let halves = (0...UInt16.max).map { $0 }
    try inAllForms {
      var floats = [Float](repeating: 0, count: halves.count)
      skiff_f16_widen(halves.count, halves, &floats)
      for half in halves {
        let expected = Float(Float16(bitPattern: half))
        #expect(
          floats[Int(half)].bitPattern == expected.bitPattern || expected.isNaN && floats[Int(half)].isNaN)
      }
      skiff_bf16_widen(halves.count, halves, &floats)
      #expect(halves.allSatisfy { floats[Int($0)].bitPattern == UInt32($0) << 16 })
    }
  }
}
