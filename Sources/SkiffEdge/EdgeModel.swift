import SkiffBinary
import SkiffIR

/// All that a Skiff edge file says: a graph, how to use it, where it comes from, and what it must compute.
public struct EdgeModel: Sendable {
  /// What is computed.
  public var graph: Graph
  /// How callers get from their own data to the inputs, and from the outputs to answers; nil if nothing is said.
  public var contract: EdgeContract?
  /// Where the graph comes from; nil if nothing is said.
  public var provenance: EdgeProvenance?
  /// The digest of the source that the provenance gets as soon as it is there: large sources are read while the file is written.
  package var sourceDigest: Background<Digest>?
  /// Inputs and the outputs that they must give.
  public var examples: [EdgeExample]

  /// Creates a model.
  public init(
    _ graph: Graph, contract: EdgeContract? = nil, provenance: EdgeProvenance? = nil,
    examples: [EdgeExample] = []
  ) {
    self.graph = graph
    self.contract = contract
    self.provenance = provenance
    self.examples = examples
  }

  /// Checks that contract and examples fit the graph.
  ///
  /// - Throws: ``ModelError/Code/invalidGraph``.
  func verify() throws(ModelError) {
    let outputs = graph.outputs.map(\.value)
    if let contract {
      guard contract.inputs.count == graph.inputs.count, contract.outputs.count == outputs.count else {
        throw ModelError(
          .invalidGraph,
          "the contract has \(contract.inputs.count) inputs and \(contract.outputs.count) outputs, "
            + "the graph \(graph.inputs.count) and \(outputs.count)")
      }
    }
    for (index, example) in examples.enumerated() {
      try verify(example.inputs, graph.inputs, "example \(index), inputs")
      try verify(example.outputs, outputs, "example \(index), outputs")
    }
  }

  private func verify(_ tensors: [Tensor], _ values: [ValueID], _ place: String) throws(ModelError) {
    try locating(Location(attribute: place)) { () throws(ModelError) in
      guard tensors.count == values.count else {
        throw ModelError(.invalidGraph, "\(tensors.count) tensors for \(values.count) values")
      }
      for (tensor, value) in zip(tensors, values) {
        guard let type = graph[value].type else { continue }
        guard tensor.dataType == type.dataType, tensor.type.shape.isCompatible(with: type.shape) else {
          throw ModelError(.invalidGraph, "a tensor \(tensor.type) for a value \(type)")
        }
      }
    }
  }
}

/// How a caller uses a model, for each input and output in order.
public struct EdgeContract: Hashable, Sendable {
  /// How a caller gets from its own data to an input, or from an output to an answer.
  public struct Port: Hashable, Sendable {
    /// What it is, for people.
    public var description: String
    /// The meaning of the axes, for example `NHWC`; empty if it is not known.
    public var layout: String
    /// With ``offset``: `value = raw * scale + offset`, one number in all or one for each channel; empty means 1.
    public var scale: [Float]
    /// What is added; empty means 0.
    public var offset: [Float]
    /// The meaning of each index along the last axis; empty if it has none.
    public var labels: [String]

    /// Creates a port of which nothing but what is given is known.
    public init(
      description: String = "", layout: String = "", scale: [Float] = [], offset: [Float] = [],
      labels: [String] = []
    ) {
      self.description = description
      self.layout = layout
      self.scale = scale
      self.offset = offset
      self.labels = labels
    }
  }

  /// As many as the graph's inputs.
  public var inputs: [Port]
  /// As many as the graph's outputs.
  public var outputs: [Port]

  /// Creates a contract.
  public init(inputs: [Port], outputs: [Port]) {
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// Where a model comes from. Nothing in it changes from one run to the next, no date and no folder.
public struct EdgeProvenance: Hashable, Sendable {
  /// The name of the source file, without its folder.
  public var source: String
  /// The format of the source.
  public var sourceFormat: String
  /// The digest of the source's bytes.
  public var sourceDigest: Digest?
  /// What was done to it, as the text of a recipe.
  public var recipe: String
  /// The digest of the calibration data.
  public var calibrationDigest: Digest?
  /// The program that wrote the file, with its version.
  public var producer: String

  /// Creates a provenance of which nothing but what is given is known.
  public init(
    source: String = "", sourceFormat: String = "", sourceDigest: Digest? = nil, recipe: String = "",
    calibrationDigest: Digest? = nil, producer: String = ""
  ) {
    self.source = source
    self.sourceFormat = sourceFormat
    self.sourceDigest = sourceDigest
    self.recipe = recipe
    self.calibrationDigest = calibrationDigest
    self.producer = producer
  }
}

/// Inputs of a graph, in order, and the outputs that they must give.
public struct EdgeExample: Sendable {
  /// One for each input.
  public var inputs: [Tensor]
  /// One for each output.
  public var outputs: [Tensor]

  /// Creates an example.
  public init(inputs: [Tensor], outputs: [Tensor]) {
    self.inputs = inputs
    self.outputs = outputs
  }
}
