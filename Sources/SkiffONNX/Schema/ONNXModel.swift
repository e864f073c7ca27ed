import CSchemas
import SkiffBinary
import SkiffProtobuf

/// A set of operators and its version.
package struct ONNXOperatorSet: Hashable, Sendable {
  /// The domain; empty for ONNX's own.
  package var domain: String
  package var version: Int
}

/// What an .onnx file holds, in the format's own terms.
package struct ONNXModel: Sendable {
  package var irVersion: Int
  package var operatorSets: [ONNXOperatorSet]
  package var producerName: String
  package var producerVersion: String
  package var domain: String
  package var modelVersion: Int
  package var description: String
  package var metadata: [ONNXProperty]
  package var graph: ONNXGraph
  package var functions: [ONNXFunction]
  /// Whether the file has a part for training, which is not read.
  package var hasTrainingInfo: Bool
  /// The path of the file, nil if its bytes came from elsewhere; external data is looked for beside it.
  package var path: String?

  /// A model that is yet to be written, in the newest versions of everything.
  init(_ graph: ONNXGraph, operatorSets: [ONNXOperatorSet], producerVersion: String, metadata: [ONNXProperty])
  {
    irVersion = Dialect.newestIRVersion
    self.operatorSets = operatorSets
    producerName = "skiff"
    self.producerVersion = producerVersion
    self.metadata = metadata
    self.graph = graph
    (domain, modelVersion, description, functions, hasTrainingInfo) = ("", 0, "", [], false)
  }

  /// Reads a model; large tensors stay in `region`.
  ///
  /// - Parameter path: The path of the file, beside which external data may be.
  /// - Throws: ``ModelError`` with the byte offset of what is wrong.
  package init(
    parsing region: ByteRegion, path: String? = nil, limits: Limits = .standard
  ) throws(ModelError) {
    self = try locating(Location(file: path)) { () throws(ModelError) in
      let message = try ProtobufMessage(
        parsing: region, as: MessageDescriptor(skiff_onnx_model_descriptor()), limits: limits)
      return try ONNXModel(message, path: path, limits: limits)
    }
  }

  /// Reads the file at `path`, which stays mapped as long as one of its tensors lives.
  package init(mapping path: String, limits: Limits = .standard) throws(ModelError) {
    try self.init(parsing: ByteRegion(mapping: path, limits: limits), path: path, limits: limits)
  }

  private init(_ message: ProtobufMessage, path: String?, limits: Limits) throws(ModelError) {
    guard let irVersion = message.integer("ir_version"), irVersion > 0 else {
      throw ModelError(.malformed, "the model has no ir_version", at: message.location)
    }
    guard let graph = message.message("graph") else {
      throw ModelError(.malformed, "the model has no graph", at: message.location)
    }
    self.irVersion = irVersion
    operatorSets = message.messages("opset_import").map(ONNXOperatorSet.init)
    producerName = message.text("producer_name") ?? ""
    producerVersion = message.text("producer_version") ?? ""
    domain = message.text("domain") ?? ""
    modelVersion = message.integer("model_version") ?? 0
    description = message.text("doc_string") ?? ""
    metadata = message.messages("metadata_props").map(ONNXProperty.init)
    self.graph = try ONNXGraph(graph, limits: limits)
    functions = []
    for function in message.messages("functions") {
      functions.append(try ONNXFunction(function, limits: limits))
    }
    hasTrainingInfo = !message.messages("training_info").isEmpty
    self.path = path
  }
}

extension ONNXOperatorSet {
  init(_ message: ProtobufMessage) {
    domain = message.text("domain") ?? ""
    version = message.integer("version") ?? 1
  }
}

/// A pair of texts, as metadata has them.
package struct ONNXProperty: Hashable, Sendable {
  package var key: String
  package var value: String

  /// A pair of texts.
  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  init(_ message: ProtobufMessage) {
    key = message.text("key") ?? ""
    value = message.text("value") ?? ""
  }
}
