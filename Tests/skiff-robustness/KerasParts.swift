import Skiff
import SkiffBinary
import SkiffHDF5Index
import SkiffKeras
import SkiffTestSupport

/// What a given index says of every HDF5 file, as the helper that libhdf5 runs in may be led to say.
struct GivenIndex: HDF5Indexer {
  let bytes: ByteRegion

  func index(of source: HDF5Source, limits: Limits) throws(ModelError) -> ByteRegion { bytes }
}

/// The parts of a model of Keras, read inside of this process.
enum KerasParts {
  /// The HDF5 file that an index by itself is taken to be of, with weights and an architecture; and weights for an
  /// architecture by itself.
  static let wholePath = TestModel.path("sequential.keras2.h5")

  /// The model that a file is, or is a part of.
  ///
  /// - Parameters:
  ///   - suffix: What it is: `keras`, `h5`, `json` for an architecture, or `index` for what the helper says.
  ///   - hdf5: What reads HDF5 files.
  static func model(
    _ path: String, _ suffix: String, hdf5: some HDF5Indexer, limits: Limits
  ) throws(ModelError) -> Model {
    let file = try ByteRegion(mapping: path, limits: limits)
    let whole = try ByteRegion(mapping: wholePath, limits: limits)
    let keras =
      switch suffix {
      case "index": try KerasModel(parsing: whole, hdf5: GivenIndex(bytes: file), limits: limits)
      case "json":
        try KerasModel(parsingArchitecture: file, limits: limits)
          .applyingWeights(of: whole, hdf5: hdf5, limits: limits)
      default: try KerasModel(parsing: file, hdf5: hdf5, limits: limits)
      }
    var warnings: [Warning] = []
    return try Model(Importer.makeGraph(from: keras, warnings: &warnings))
  }
}
