import SkiffBinary
import SkiffIR

/// The discrete Fourier transform along an axis, `Σ x[n] e^(−2πi·kn/N)`; its inverse has the other sign and is divided by `N`.
///
/// The last axis has real numbers (size 1) or real and imaginary parts (size 2), that of the result always both. What is
/// shorter than the length is filled with zeros, what is longer is cut.
public struct FourierTransform: ReferenceKernel {
  public static let name = "FourierTransform"
  public static let summary = "The discrete Fourier transform along an axis."
  public static let operands: [Operand] = [.required("input"), .optional("length")]
  public static let attributes = [
    Attribute<FourierTransform>("axis", \.axis, "The axis of the signal, not the last one."),
    Attribute<FourierTransform>("isInverse", \.isInverse, "Whether the inverse is computed."),
    Attribute<FourierTransform>(
      "isOneSided", \.isOneSided, "Whether the half that follows from the other is left out."),
  ]

  /// The axis of the signal, not the last one; negative ones count from behind.
  public var axis = 1
  /// Whether the inverse is computed.
  public var isInverse = false
  /// Whether the half of the result is left out that follows from the other half where the input is real.
  public var isOneSided = false

  /// Creates a transform along axis 1.
  public init() {}

  private func place(_ rank: Int, _ parts: Int?) throws(ModelError) -> Int {
    guard rank >= 2, (1...2).contains(parts ?? 1) else {
      throw ModelError(.invalidGraph, "a signal of rank \(rank) whose last axis has the size \(parts ?? 0)")
    }
    let place = try normalizedAxis(axis, rank: rank)
    guard place < rank - 1 else { throw ModelError(.invalidGraph, "the axis is that of the parts") }
    guard !isOneSided || !isInverse && parts != 2 else {
      throw ModelError(.unsupported, "one side of complex numbers or of an inverse")
    }
    return place
  }

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let input = try context.type(0)
    guard input.dataType.isFloatingPoint else { throw ModelError(.invalidGraph, "a signal of \(input)") }
    var dimensions = input.shape.dimensions
    let place = try place(input.rank, dimensions.last?.fixed)
    if context.has(1) { dimensions[place] = context.knownElements(1)?.first ?? .unknown }
    if isOneSided { dimensions[place] = dimensions[place] / 2 + .fixed(1) }
    dimensions[dimensions.count - 1] = .fixed(2)
    return [TensorType(input.dataType, Shape(dimensions))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    let place = try place(input.rank, input.shape.last)
    let parts = input.shape[input.rank - 1]
    let length = try inputs.optional(1)?.integers().first ?? input.shape[place]
    guard length > 0 else { throw ModelError(.invalidGraph, "a transform of the length \(length)") }
    var sizes = input.shape
    sizes[place] = isOneSided ? length / 2 + 1 : length
    sizes[input.rank - 1] = 2
    _ = try checkedCount(sizes, of: .float64)
    _ = try checkedCount([length, 16], of: .float64)
    let values = try input.doubles()
    let spectrum = Spectrum(count: length, isInverse: isInverse)
    let scale = isInverse ? 1 / Double(length) : 1
    let inner = input.shape[(place + 1)..<(input.rank - 1)].reduce(1, *)
    let outer = input.shape[..<place].reduce(1, *)
    var result = [Double](repeating: 0, count: sizes.reduce(1, *))
    for block in 0..<outer {
      for offset in 0..<inner {
        var line = [Spectrum.Complex](repeating: .init(), count: length)
        for index in 0..<min(length, input.shape[place]) {
          let start = ((block * input.shape[place] + index) * inner + offset) * parts
          line[index].real = values[start]
          if parts == 2 { line[index].imaginary = values[start + 1] }
        }
        spectrum.transform(&line)
        for index in 0..<sizes[place] {
          let start = ((block * sizes[place] + index) * inner + offset) * 2
          result[start] = line[index].real * scale
          result[start + 1] = line[index].imaginary * scale
        }
      }
    }
    return [try Tensor(result, shape: sizes).cast(to: input.dataType)]
  }
}
