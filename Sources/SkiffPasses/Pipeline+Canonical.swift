import SkiffIR

extension Pipeline {
  /// Simplifies a graph of any source: constants folded, equal nodes merged, arithmetic of activations and of layer
  /// normalization recognized, batch normalization, scales, biases and clamps taken into the operators before them, and
  /// padding into those behind it, blocks in the batch for windows with gaps.
  public static let canonical = Pipeline(
    unconditional: FoldConstants(),
    RewritePass(RemoveIdentities(), MergeReshapes()),
    MergeEqualNodes(),
    RewritePass(ExpandEinsum()),
    RewritePass(FuseGelu(), FuseSwish(), FuseLayerNormalization()),
    RewritePass(
      FuseFullyConnected(), FuseDilation(), FusePad(), FuseChannelArithmetic(), LowerBatchNormalization(),
      FuseActivation()),
    FoldConstants(),
    RewritePass(RemoveIdentities(), MergeReshapes())
  ).enteringBodies

  /// Stores spatial tensors with their channels last and cleans up after it.
  public static func channelsLast(changesInterface: Bool = false) -> Pipeline {
    Pipeline(
      unconditional: AssignChannelsLast(changesInterface: changesInterface),
      FoldConstants(),
      RewritePass(RemoveIdentities(), MergeReshapes(), AbsorbTransposition()),
      MergeEqualNodes()
    ).enteringBodies
  }

  /// Stores spatial tensors with their channels first and cleans up after it.
  public static let channelsFirst = Pipeline(
    unconditional: AssignChannelsFirst(),
    FoldConstants(),
    RewritePass(RemoveIdentities(), MergeReshapes(), AbsorbTransposition()),
    MergeEqualNodes()
  ).enteringBodies
}
