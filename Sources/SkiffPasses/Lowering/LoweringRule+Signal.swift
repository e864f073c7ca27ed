import SkiffBinary
import SkiffIR
import SkiffOperators

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension LoweringRule {
  /// Transforms of signals of which lengths and windows are known.
  static let signal: [LoweringRule] = [
    // A convolution whose weights are the waves of each frequency under the window, real and imaginary parts in turn.
    LoweringRule(ShortTimeFourierTransform.self) { (node, x) throws(ModelError) in
      guard x.type.dataType == .float32, x.type.shape[2] == .fixed(1),
        let step = try x.operand(1)?.constantTensor
      else { return nil }
      let window = try x.operand(2)?.constantTensor?.doubles()
      let length = try x.operand(3)?.constantTensor?.integers().first ?? window?.count
      guard x.operand(2) == nil || window != nil, let length, length > 0, length <= 1 << 12,
        window?.count ?? length == length, let stride = try step.integers().first
      else { return nil }
      let bins = node.isOneSided ? length / 2 + 1 : length
      guard 2 * bins * length <= 1 << 22 else { return nil }
      var waves: [Float] = []
      for bin in 0..<bins {
        // The angle is taken of what is left of the turns, which keeps its digits.
        let angles = (0..<length).map { 2 * Double.pi * Double(bin * $0 % length) / Double(length) }
        for wave in [angles.map(cos), angles.map { -sin($0) }] {
          waves += zip(wave, window ?? [Double](repeating: 1, count: length)).map { Float($0 * $1) }
        }
      }
      var convolution = Convolution()
      (convolution.layout, convolution.strides) = (.last, [stride])
      let spectra = try x.applying(convolution, x.constant(waves, shape: [2 * bins, length, 1]))
      return try spectra.reshaped(to: [0, -1, bins, 2])
    }
  ]
}
