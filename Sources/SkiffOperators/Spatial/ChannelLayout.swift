import SkiffIR

/// Where the channels of a spatial tensor are; the batch is always the first axis.
public enum ChannelLayout: String, AttributeEnumeration, CaseIterable {
  /// Batch, channels, space: ONNX, PyTorch, Caffe2.
  case first
  /// Batch, space, channels: TensorFlow Lite, Keras.
  case last

  /// The axis of the channels in a tensor of this rank.
  public func channelAxis(rank: Int) -> Int { self == .first ? 1 : rank - 1 }

  /// The axes of space in a tensor of this rank.
  public func spatialAxes(rank: Int) -> Range<Int> { self == .first ? 2..<rank : 1..<rank - 1 }

  /// The shape of a tensor from its parts.
  func shape(
    batch: Shape.Dimension, channels: Shape.Dimension, space: [Shape.Dimension]
  ) -> Shape {
    Shape(self == .first ? [batch, channels] + space : [batch] + space + [channels])
  }
}
