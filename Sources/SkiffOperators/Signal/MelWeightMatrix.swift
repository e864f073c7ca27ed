import SkiffBinary
import SkiffIR

/// Triangular filters, evenly spaced on the mel scale, that turn a spectrum into few bands.
///
/// The operands are a number each: the bands, the length of the transform, the samples in a second, the lowest and the
/// highest frequency in hertz. Shape of the result: `[length / 2 + 1, bands]`.
public struct MelWeightMatrix: ReferenceKernel {
  public static let name = "MelWeightMatrix"
  public static let summary = "Triangular filters, evenly spaced on the mel scale, for a spectrum."
  public static let operands: [Operand] = [
    .required("bands"), .required("length"), .required("sampleRate"), .required("lowest"),
    .required("highest"),
  ]
  public static let attributes = [
    Attribute<MelWeightMatrix>("dataType", \.dataType, "The type of the result.")
  ]

  /// The type of the result.
  public var dataType = DataType.float32

  /// Creates an operator for float32.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let bands = context.knownElements(0)?.first ?? .unknown
    let length = context.knownElements(1)?.first ?? .unknown
    return [TensorType(dataType, Shape([length / 2 + .fixed(1), bands]))]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    guard let bands = try inputs.required(0).integers().first,
      let length = try inputs.required(1).integers().first,
      let rate = try inputs.required(2).integers().first, rate > 0, bands >= 0, length >= 0,
      let lowest = try inputs.required(3).doubles().first,
      let highest = try inputs.required(4).doubles().first
    else { throw ModelError(.invalidGraph, "the numbers of mel filters are missing or negative") }
    let bins = length / 2 + 1
    var weights = [Double](repeating: 0, count: try checkedCount([bins, bands], of: .float64))
    let (first, last) = (Self.mel(lowest), Self.mel(highest))
    var edges: [Int] = []
    for index in 0..<bands + 2 {
      let mel = first + Double(index) * (last - first) / Double(bands + 2)
      let bin = ((Double(length) + 1) * Self.hertz(mel) / Double(rate)).rounded(.down)
      guard let bin = Int(exactly: bin), bin >= 0, bin < bins else {
        throw ModelError(.invalidGraph, "a mel filter outside of \(bins) frequencies")
      }
      edges.append(bin)
    }
    for band in 0..<bands {
      let (low, center, high) = (edges[band], edges[band + 1], edges[band + 2])
      guard low <= center, center <= high else {
        throw ModelError(.invalidGraph, "the highest frequency is below the lowest")
      }
      if low == center { weights[center * bands + band] = 1 }
      for bin in low..<center + 1 where low < center {
        weights[bin * bands + band] = Double(bin - low) / Double(center - low)
      }
      for bin in center..<high { weights[bin * bands + band] = Double(high - bin) / Double(high - center) }
    }
    return [try Tensor(weights, shape: [bins, bands]).cast(to: dataType)]
  }

  private static func mel(_ hertz: Double) -> Double {
    2595 * Double.logarithm(1 + hertz / 700) / Double.logarithm(10)
  }

  private static func hertz(_ mel: Double) -> Double { 700 * (Double.power(10, mel / 2595) - 1) }
}
