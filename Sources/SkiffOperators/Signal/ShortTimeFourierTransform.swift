import SkiffBinary
import SkiffIR

/// The Fourier transform of overlapping frames of a signal, each multiplied by a window.
///
/// The signal is `[batch, length, 1 or 2]`, the last axis for real and imaginary parts; the result `[batch, frames, bins, 2]`.
public struct ShortTimeFourierTransform: ReferenceKernel {
  public static let name = "ShortTimeFourierTransform"
  public static let summary = "The Fourier transform of overlapping frames of a signal."
  public static let operands: [Operand] = [
    .required("signal"), .required("step"), .optional("window"), .optional("frameLength"),
  ]
  public static let attributes = [
    Attribute<ShortTimeFourierTransform>(
      "isOneSided", \.isOneSided, "Whether the half that follows from the other is left out.")
  ]

  /// Whether the half of each frame's transform is left out that follows from the other half where the signal is real.
  public var isOneSided = true

  /// Creates a transform of one side.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let signal = try context.type(0)
    guard signal.rank == 3, signal.dataType.isFloatingPoint, (1...2).contains(signal.shape[2].fixed ?? 1)
    else {
      throw ModelError(.invalidGraph, "a signal of \(signal)")
    }
    var frames = Shape.Dimension.unknown
    var length = context.knownElements(3)?.first ?? .unknown
    if let window = context.optionalType(2) {
      guard window.rank == 1 else { throw ModelError(.invalidGraph, "a window of \(window)") }
      if !context.has(3) { length = window.shape[0] }
    }
    if let step = context.integers(1)?.first, step > 0, let size = length.fixed {
      frames = (signal.shape[1] - .fixed(size)) / step + .fixed(1)
    }
    let bins = isOneSided ? length / 2 + .fixed(1) : length
    return [TensorType(signal.dataType, Shape([signal.shape[0], frames, bins, .fixed(2)]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let (signal, window) = (try inputs.required(0), inputs.optional(2))
    let step = try inputs.required(1).integers().first ?? 0
    let length = try inputs.optional(3)?.integers().first ?? window?.shape.first ?? 0
    guard signal.rank == 3, (1...2).contains(signal.shape[2]), step > 0, length > 0,
      length <= signal.shape[1],
      window == nil || window?.shape == [length]
    else {
      throw ModelError(
        .invalidGraph,
        "frames of \(length) every \(step) of a signal \(signal.type) under a window "
          + "\(window?.type.description ?? "of ones")")
    }
    guard !isOneSided || signal.shape[2] == 1 else {
      throw ModelError(.unsupported, "one side of complex numbers")
    }
    let frames = (signal.shape[1] - length) / step + 1
    let bins = isOneSided ? length / 2 + 1 : length
    let sizes = [signal.shape[0], frames, bins, 2]
    let count = try checkedCount(sizes, of: .float64)
    let (values, weights) = (try signal.doubles(), try window?.doubles())
    let (parts, spectrum) = (signal.shape[2], Spectrum(count: length, isInverse: false))
    var result: [Double] = []
    result.reserveCapacity(count)
    for batch in 0..<signal.shape[0] {
      for frame in 0..<frames {
        var line = [Spectrum.Complex](repeating: .init(), count: length)
        for index in 0..<length {
          let start = (batch * signal.shape[1] + frame * step + index) * parts
          let weight = weights?[index] ?? 1
          line[index].real = values[start] * weight
          if parts == 2 { line[index].imaginary = values[start + 1] * weight }
        }
        spectrum.transform(&line)
        for value in line[..<bins] { result += [value.real, value.imaginary] }
      }
    }
    return [try Tensor(result, shape: sizes).cast(to: signal.dataType)]
  }
}
