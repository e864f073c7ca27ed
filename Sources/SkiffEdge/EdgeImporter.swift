import SkiffBinary
import SkiffIR

/// Reads Skiff edge files. Dense constants stay where they are in the file.
public enum EdgeImporter {
  /// Reads the graph of a file.
  ///
  /// See ``makeModel(from:catalog:limits:)``.
  public static func makeGraph(
    from region: ByteRegion, catalog: OperatorCatalog, limits: Limits = .standard
  ) throws(ModelError) -> Graph {
    try makeModel(from: region, catalog: catalog, limits: limits).graph
  }

  /// Reads a file and verifies all of it but the contents of its tensors, which are not even touched.
  ///
  /// - Parameter catalog: The operators that the file may name.
  /// - Throws: ``ModelError/Code/truncated`` or ``ModelError/Code/malformed`` if the bytes break the format,
  ///   ``ModelError/Code/unsupported`` if they ask for what this version cannot do,
  ///   ``ModelError/Code/invalidGraph`` if what they say cannot be a graph.
  public static func makeModel(
    from region: ByteRegion, catalog: OperatorCatalog, limits: Limits = .standard
  ) throws(ModelError) -> EdgeModel {
    try EdgeReader(region, catalog: catalog, limits: limits).model()
  }

  /// Reads a file as ``makeModel(from:catalog:limits:)`` does, and verifies the contents of its tensors too.
  ///
  /// - Throws: ``ModelError/Code/malformed`` also if a tensor does not match its digest, naming the tensor.
  public static func check(
    _ region: ByteRegion, catalog: OperatorCatalog, limits: Limits = .standard
  ) throws(ModelError) -> EdgeModel {
    let reader = try EdgeReader(region, catalog: catalog, limits: limits)
    let model = try reader.model()
    try reader.verifyContents()
    return model
  }
}
