import SkiffBinary
import SkiffIR

/// `(x − mean) / √(variance + epsilon) · scale + shift` with the statistics of each group of channels of each
/// sample.
///
/// Wu and He, "Group Normalization", 2018. Scale and shift are `[channels]`, or `[groups]` as ONNX had it at first.
public struct GroupNormalization: ReferenceKernel {
  public static let name = "GroupNormalization"
  public static let summary = "Normalizes each group of channels of each sample by its own mean and variance."
  public static let operands: [Operand] = [.required("input"), .optional("scale"), .optional("shift")]
  public static let attributes: [Attribute<GroupNormalization>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("groups", \.groups, "The number of groups."),
    Attribute("epsilon", \.epsilon, "What is added to the variance."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The number of groups.
  public var groups = 1
  /// What is added to the variance.
  public var epsilon: Float = 1e-5

  /// Creates an operator with one group.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank >= 2 else { throw ModelError(.invalidGraph, "no channels in \(type.shape)") }
    let channels = type.shape[layout.channelAxis(rank: type.rank)]
    guard groups > 0, channels.fixed.map({ $0 % groups == 0 }) ?? true else {
      throw ModelError(
        .invalidGraph, "\(channels) channels in \(groups) groups", at: Location(attribute: "groups"))
    }
    for index in 1...2 {
      guard let shape = context.optionalType(index)?.shape else { continue }
      guard shape.isCompatible(with: Shape([channels])) || shape.isCompatible(with: [groups]) else {
        throw ModelError(.invalidGraph, "\(Self.operands[index].name) \(shape) for \(channels) channels")
      }
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank >= 2 else { throw ModelError(.invalidGraph, "no channels in \(Shape(input.shape))") }
    let channels = input.shape[layout.channelAxis(rank: input.rank)]
    guard groups > 0, channels % groups == 0 else {
      throw ModelError(
        .invalidGraph, "\(channels) channels in \(groups) groups", at: Location(attribute: "groups"))
    }
    let scale = try parameters(inputs.optional(1), channels)
    let shift = try parameters(inputs.optional(2), channels)
    return [
      try normalizingChannels(
        input, layout: layout, groups: groups, epsilon: epsilon, scale: scale, shift: shift)
    ]
  }

  private func parameters(_ tensor: Tensor?, _ channels: Int) throws(ModelError) -> [Double]? {
    guard let values = try tensor?.doubles() else { return nil }
    if values.count == channels { return values }
    guard values.count == groups else {
      throw ModelError(.invalidGraph, "\(values.count) parameters for \(channels) channels")
    }
    return (0..<channels).map { values[$0 / (channels / groups)] }
  }
}

/// `(x − mean) / √(variance + epsilon) · scale + shift` with the statistics of each channel of each sample.
///
/// Ulyanov and others, "Instance Normalization", 2016. Scale and shift are `[channels]`.
public struct InstanceNormalization: ReferenceKernel {
  public static let name = "InstanceNormalization"
  public static let summary = "Normalizes each channel of each sample by its own mean and variance."
  public static let operands: [Operand] = [.required("input"), .optional("scale"), .optional("shift")]
  public static let attributes: [Attribute<InstanceNormalization>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("epsilon", \.epsilon, "What is added to the variance."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// What is added to the variance.
  public var epsilon: Float = 1e-5

  /// Creates an operator for channels on the second axis.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    let type = try context.type(0)
    guard type.rank >= 3 else { throw ModelError(.invalidGraph, "no space in \(type.shape)") }
    let channels = type.shape[layout.channelAxis(rank: type.rank)]
    for index in 1...2 {
      guard let shape = context.optionalType(index)?.shape else { continue }
      guard shape.isCompatible(with: Shape([channels])) else {
        throw ModelError(.invalidGraph, "\(Self.operands[index].name) \(shape) for \(channels) channels")
      }
    }
    return [TensorType(type.dataType, type.shape)]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    guard input.rank >= 3 else { throw ModelError(.invalidGraph, "no space in \(Shape(input.shape))") }
    let channels = input.shape[layout.channelAxis(rank: input.rank)]
    let (scale, shift) = (try inputs.optional(1)?.doubles(), try inputs.optional(2)?.doubles())
    guard [scale, shift].allSatisfy({ $0.map { $0.count == channels } ?? true }) else {
      throw ModelError(.invalidGraph, "the parameters do not fit \(channels) channels")
    }
    return [
      try normalizingChannels(
        input, layout: layout, groups: channels, epsilon: epsilon, scale: scale, shift: shift)
    ]
  }
}

/// The tensor with each group of channels of each sample normalized, then scaled and shifted by channel.
///
/// The number of channels must be a multiple of that of groups, and the parameters one for each channel.
private func normalizingChannels(
  _ input: Tensor, layout: ChannelLayout, groups: Int, epsilon: Float, scale: [Double]?, shift: [Double]?
) throws(ModelError) -> Tensor {
  guard input.count > 0, groups > 0 else { return input }
  let parameters = ChannelParameters(groups: groups, epsilon: epsilon, scale: scale, shift: shift)
  if input.dataType == .float64 {
    return Tensor(parameters.normalized(try input.doubles(), input.shape, layout), shape: input.shape)
  }
  let values = parameters.normalized(try input.floats(), input.shape, layout)
  return try Tensor(floats: values, as: input.dataType, shape: input.shape)
}

/// How groups of channels are normalized.
private struct ChannelParameters {
  let groups: Int
  let epsilon: Float
  let scale: [Double]?
  let shift: [Double]?

  func normalized<Real: RealNumber>(_ elements: [Real], _ shape: [Int], _ layout: ChannelLayout) -> [Real] {
    let channels = shape[layout.channelAxis(rank: shape.count)]
    let space = shape[layout.spatialAxes(rank: shape.count)].reduce(1, *)
    let (stride, channelStride) = layout == .first ? (1, space) : (channels, 1)
    let each = channels / groups
    var values = elements
    for sample in 0..<shape[0] {
      for group in 0..<groups {
        let members = group * each..<(group + 1) * each
        let starts = members.map { sample * channels * space + $0 * channelStride }
        let statistics = Statistics(values, blocks: starts, count: space, stride: stride)
        let inverse = statistics.scale(epsilon: epsilon)
        for (channel, start) in zip(members, starts) {
          let factor = inverse * (scale?[channel] ?? 1)
          let offset = (shift?[channel] ?? 0) - statistics.mean * factor
          for index in 0..<space {
            let place = start + index * stride
            values[place] = Real(Double(values[place]) * factor + offset)
          }
        }
      }
    }
    return values
  }
}
