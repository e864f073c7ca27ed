import SkiffBinary
import SkiffEdge
import SkiffIR
import SkiffKeras
import SkiffONNX
import SkiffOperators
import SkiffPasses
import SkiffSafetensors
import SkiffTFLite

extension ModelFormat {
  /// Every format that Skiff reads, in the order in which they are tried.
  public static let all: [ModelFormat] = [
    .skiff, .tfLite, .keras, .safetensors, .safetensorsIndex, .kerasArchitecture, .onnx,
  ]

  /// The Skiff edge format.
  public static let skiff = ModelFormat(
    name: "Skiff", fileExtensions: ["skiff"],
    recognizes: { prefix, _ in EdgeFormat.recognizes(prefix) },
    read: { (path, options, _) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      return options.verifiesContents
        ? try EdgeImporter.check(region, catalog: .standard, limits: options.limits)
        : try EdgeImporter.makeModel(from: region, catalog: .standard, limits: options.limits)
    },
    write: { (model, path, options) throws(ModelError) in
      try EdgeExporter.write(model, to: path, storage: options.storesDensely ? .dense : .smallest)
    })

  /// TensorFlow Lite.
  public static let tfLite = ModelFormat(
    name: "TensorFlow Lite", fileExtensions: ["tflite"],
    recognizes: { prefix, _ in TFLiteModel.recognizes(prefix) },
    read: { (path, options, warnings) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      return EdgeModel(
        try SkiffTFLite.Importer.makeGraph(
          from: TFLiteModel(parsing: region, limits: options.limits), warnings: &warnings))
    },
    write: { (model, path, _) throws(ModelError) in
      var file = try OutputFile(path: path)
      try SkiffTFLite.Exporter.write(model.graph, to: &file)
      try file.commit()
    }, dialect: .tensorFlowLite)

  /// Keras: HDF5 files and `.keras` archives with an architecture.
  public static let keras = ModelFormat(
    name: "Keras", fileExtensions: ["h5", "hdf5", "keras"],
    recognizes: { prefix, _ in KerasModel.recognizesHDF5(prefix) || KerasModel.recognizesArchive(prefix) },
    read: { (path, options, warnings) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      let helper = HDF5HelperProcess(path: options.hdf5Helper, timeLimit: options.hdf5TimeLimit)
      let model = try KerasModel(parsing: region, path: path, hdf5: helper, limits: options.limits)
      return EdgeModel(
        try SkiffKeras.Importer.makeGraph(from: model.applyingWeights(options), warnings: &warnings))
    },
    write: nil)

  /// The architecture of a Keras model in JSON, whose weights are in another file.
  public static let kerasArchitecture = ModelFormat(
    name: "Keras architecture", fileExtensions: ["json"],
    recognizes: { prefix, _ in (try? prefix.load(at: 0, as: UInt8.self)) == UInt8(ascii: "{") },
    read: { (path, options, warnings) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      let model = try KerasModel(parsingArchitecture: region, limits: options.limits)
      return EdgeModel(
        try SkiffKeras.Importer.makeGraph(from: model.applyingWeights(options), warnings: &warnings))
    },
    write: nil)

  /// A checkpoint in one file: weights, each an output, and no graph that computes with them.
  public static let safetensors = ModelFormat(
    name: "safetensors", fileExtensions: ["safetensors"],
    recognizes: { prefix, _ in SafetensorsFile.recognizes(prefix) },
    read: { (path, options, _) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      return EdgeModel(
        try SkiffSafetensors.Importer.makeGraph(
          from: SafetensorsFile(parsing: region, limits: options.limits)))
    },
    write: nil)

  /// A checkpoint in several files, by its index.
  public static let safetensorsIndex = ModelFormat(
    name: "safetensors index", fileExtensions: ["json"],
    recognizes: { prefix, _ in SafetensorsIndex.recognizes(prefix) },
    read: { (path, options, warnings) throws(ModelError) in
      let region = try ByteRegion(mapping: path, limits: options.limits)
      return EdgeModel(
        try SkiffSafetensors.Importer.makeGraph(
          from: SafetensorsIndex(parsing: region, limits: options.limits), besidePath: path,
          limits: options.limits, warnings: &warnings))
    },
    write: nil)

  /// ONNX.
  public static let onnx = ModelFormat(
    name: "ONNX", fileExtensions: ["onnx"],
    recognizes: { prefix, _ in ONNXModel.recognizes(prefix: prefix) },
    read: { (path, options, warnings) throws(ModelError) in
      EdgeModel(
        try ONNXImporter.makeGraph(
          from: ONNXModel(mapping: path, limits: options.limits), limits: options.limits, warnings: &warnings)
      )
    },
    write: { (model, path, _) throws(ModelError) in
      var provenance = model.provenance
      if let digest = model.sourceDigest { provenance?.sourceDigest = try digest.value() }
      try ONNXExporter.write(
        model.graph, to: path, producerVersion: SkiffVersion.current,
        metadata: provenance?.properties ?? [])
    }, dialect: .onnx, layout: .first, quantizesByOperators: true)

  /// A graph that no file holds.
  static let memory = ModelFormat(
    name: "memory", fileExtensions: [], recognizes: { _, _ in false },
    read: { (path, _, _) throws(ModelError) in
      throw ModelError(.invalidArgument, "there is no file", at: Location(file: path))
    }, write: nil)
}

extension EdgeProvenance {
  /// What a file of ONNX says of it.
  fileprivate var properties: [ONNXProperty] {
    [
      ("source", source), ("source_format", sourceFormat),
      ("source_digest", sourceDigest.map { "\($0)" } ?? ""), ("recipe", recipe),
      ("calibration_digest", calibrationDigest.map { "\($0)" } ?? ""),
    ].filter { !$0.1.isEmpty }.map { ONNXProperty(key: "skiff.\($0.0)", value: $0.1) }
  }
}

extension KerasModel {
  /// The model with the weights of another file where the options name one.
  fileprivate func applyingWeights(_ options: ReadingOptions) throws(ModelError) -> KerasModel {
    guard let path = options.weights else { return self }
    return try locating(Location(file: path)) { () throws(ModelError) in
      try applyingWeights(
        of: ByteRegion(mapping: path, limits: options.limits), path: path,
        hdf5: HDF5HelperProcess(path: options.hdf5Helper, timeLimit: options.hdf5TimeLimit),
        limits: options.limits)
    }
  }
}
