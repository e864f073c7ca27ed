import SkiffBinary
import SkiffIR

/// How the channels of ``DepthToSpace`` are counted.
public enum DepthOrder: String, AttributeEnumeration, CaseIterable {
  /// Place in the block first, then channel: ONNX's DCR, TensorFlow.
  case blockFirst
  /// Channel first, then place in the block: ONNX's CRD, PyTorch's pixel shuffle.
  case channelFirst
}

/// Channels spread over blocks of space: `[N, C·b², H, W]` becomes `[N, C, H·b, W·b]`.
public struct DepthToSpace: DataMovement {
  public static let name = "DepthToSpace"
  public static let summary = "Channels spread over square blocks of space."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<DepthToSpace>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("blockSize", \.blockSize, "The side of a block."),
    Attribute("order", \.order, "How the channels are counted."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The side of a block.
  public var blockSize = 1
  /// How the channels are counted.
  public var order = DepthOrder.blockFirst

  /// Creates an operator with blocks of one element.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let channels = try checkedBlock(blockSize, type.shape, layout)
    let square = blockSize * blockSize
    if let count = type.shape[channels].fixed, count % square != 0 {
      throw ModelError(.invalidGraph, "\(count) channels for blocks of \(square)")
    }
    type.shape[channels] = type.shape[channels] / square
    for axis in layout.spatialAxes(rank: 4) { type.shape[axis] = type.shape[axis] * .fixed(blockSize) }
    type.quantization = type.quantization?.ofWholeTensor
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [try rearrangement(of: input.shape).apply(to: input)]
  }

  /// How elements of a shape move.
  package func rearrangement(of shape: [Int]) throws(ModelError) -> BlockRearrangement {
    let axis = try checkedBlock(blockSize, Shape(shape), layout)
    let block = blockSize
    let channels = shape[axis] / (block * block)
    let space = shape[layout.spatialAxes(rank: 4)]
    let (height, width) = (space[space.startIndex], space[space.startIndex + 1])
    let depth = order == .blockFirst ? [block, block, channels] : [channels, block, block]
    let split: [Int]
    let permutation: [Int]
    switch (layout, order) {
    case (.first, .blockFirst): (split, permutation) = (depth + [height, width], [0, 3, 4, 1, 5, 2])
    case (.first, .channelFirst): (split, permutation) = (depth + [height, width], [0, 1, 4, 2, 5, 3])
    case (.last, .blockFirst): (split, permutation) = ([height, width] + depth, [0, 1, 3, 2, 4, 5])
    case (.last, .channelFirst): (split, permutation) = ([height, width] + depth, [0, 1, 4, 2, 5, 3])
    }
    let (tall, wide) = (height * block, width * block)
    let merged = layout == .first ? [channels, tall, wide] : [tall, wide, channels]
    return BlockRearrangement(
      split: [shape[0]] + split, permutation: permutation, merged: [shape[0]] + merged)
  }
}

/// Blocks of space gathered into channels: `[N, C, H·b, W·b]` becomes `[N, b²·C, H, W]`, the place in the block
/// counting before the channel.
public struct SpaceToDepth: DataMovement {
  public static let name = "SpaceToDepth"
  public static let summary = "Square blocks of space gathered into channels."
  public static let operands: [Operand] = [.required("input")]
  public static let attributes: [Attribute<SpaceToDepth>] = [
    Attribute("layout", \.layout, "Where the channels are."),
    Attribute("blockSize", \.blockSize, "The side of a block."),
  ]

  /// Where the channels are.
  public var layout = ChannelLayout.first
  /// The side of a block.
  public var blockSize = 1

  /// Creates an operator with blocks of one element.
  public init() {}

  public func inferTypes(_ context: InferenceContext) throws(ModelError) -> [TensorType] {
    var type = try context.type(0)
    let channels = try checkedBlock(blockSize, type.shape, layout)
    type.shape[channels] = type.shape[channels] * .fixed(blockSize * blockSize)
    for axis in layout.spatialAxes(rank: 4) {
      if let size = type.shape[axis].fixed, size % blockSize != 0 {
        throw ModelError(.invalidGraph, "a size of \(size) for blocks of \(blockSize)")
      }
      type.shape[axis] = type.shape[axis] / blockSize
    }
    type.quantization = type.quantization?.ofWholeTensor
    return [type]
  }

  public func evaluate(_ inputs: [Tensor?]) throws(ModelError) -> [Tensor] {
    let input = try inputs.required(0)
    return [try rearrangement(of: input.shape).apply(to: input)]
  }

  /// How elements of a shape move.
  package func rearrangement(of shape: [Int]) throws(ModelError) -> BlockRearrangement {
    let axis = try checkedBlock(blockSize, Shape(shape), layout)
    let block = blockSize
    let channels = shape[axis]
    let space = shape[layout.spatialAxes(rank: 4)]
    let (height, width) = (space[space.startIndex] / block, space[space.startIndex + 1] / block)
    let blocks = [height, block, width, block]
    let split = layout == .first ? [channels] + blocks : blocks + [channels]
    let permutation = layout == .first ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 2, 4, 5]
    let depth = channels * block * block
    let merged = layout == .first ? [depth, height, width] : [height, width, depth]
    return BlockRearrangement(
      split: [shape[0]] + split, permutation: permutation, merged: [shape[0]] + merged)
  }
}

/// Elements moved between channels and space: axes divided, permuted and merged again.
package struct BlockRearrangement {
  /// The sizes that the axes are divided into.
  package let split: [Int]
  /// The order of the axes that they are divided into.
  package let permutation: [Int]
  /// The sizes of the result.
  package let merged: [Int]

  fileprivate func apply(to input: Tensor) throws(ModelError) -> Tensor {
    try input.quantized(with: nil).reshaped(to: split).permuted(by: permutation).reshaped(to: merged)
      .quantized(with: input.quantization?.ofWholeTensor)
  }
}

/// Checks the side of a block on a tensor of rank 4 and returns the axis of the channels.
private func checkedBlock(
  _ blockSize: Int, _ shape: Shape, _ layout: ChannelLayout
) throws(ModelError) -> Int {
  guard shape.rank == 4 else { throw ModelError(.invalidGraph, "blocks of space in \(shape)") }
  guard blockSize > 0, blockSize < 1 << 16 else {
    throw ModelError(.invalidGraph, "blocks of \(blockSize)", at: Location(attribute: "blockSize"))
  }
  return layout.channelAxis(rank: 4)
}
