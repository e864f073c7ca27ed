import SkiffBinary
import SkiffIR

/// Turns an ONNX model into a graph.
package enum ONNXImporter {
  /// The graph of a model.
  ///
  /// Initializers become constants over the file's bytes, also those that older files list as inputs. Operators
  /// without a counterpart stay as ``ForeignOperator``; each of them is reported.
  ///
  /// - Parameter warnings: Gets what a user should know: foreign operators, versions beyond those known, attributes
  ///   that were ignored.
  /// - Throws: ``ModelError`` with the node where the model contradicts itself or the specification.
  package static func makeGraph(
    from model: ONNXModel, limits: Limits = .standard, warnings: inout [Warning]
  ) throws(ModelError) -> Graph {
    let place = Location(file: model.path)
    do throws(ModelError) {
      var builder = NodeImport(model, limits: limits)
      try builder.importModel()
      warnings += builder.reports.warnings.map { warning in
        var warning = warning
        warning.location.complete(with: place)
        return warning
      }
      return builder.graph
    } catch {
      throw error.located(place)
    }
  }
}

extension NodeImport {
  /// Imports the whole model into the graph.
  mutating func importModel() throws(ModelError) {
    let model = self.model
    if model.irVersion > Dialect.newestReadIRVersion {
      reports.warn("IR version \(model.irVersion) is newer than \(Dialect.newestReadIRVersion)")
    }
    if model.hasTrainingInfo { reports.warn("the part for training is left out") }
    if version(ofDomain: "") ?? 0 > Dialect.newestReadVersion {
      reports.warn("operator set \(version(ofDomain: "") ?? 0) is newer than \(Dialect.newestReadVersion)")
    }
    graph.name = model.graph.name
    try importInitializers(of: model.graph)
    try importInputs(of: model.graph)
    recordTypes(of: model.graph)
    try importNodes(model.graph.nodes)
    for output in model.graph.outputs {
      guard let value = try value(named: output.name) else {
        throw ModelError(.malformed, "the output is never computed", at: Location(tensor: output.name))
      }
      graph.addOutput(value, name: output.name)
    }
    if reports.hasForeign { graph.removeUnused() }
    reports.finish()
    try graph.verify()
  }

  /// Makes the tensors of a graph known by name; each becomes a constant when it is first used.
  mutating func importInitializers(of source: ONNXGraph) throws(ModelError) {
    for tensor in source.initializers {
      guard scopes.declare(tensor.name, .dense(tensor)) else {
        throw ModelError(.malformed, "two initializers have this name", at: Location(tensor: tensor.name))
      }
    }
    for tensor in source.sparseInitializers {
      guard scopes.declare(tensor.values.name, .sparse(tensor)) else {
        throw ModelError(
          .malformed, "two initializers have this name", at: Location(tensor: tensor.values.name))
      }
    }
  }

  private mutating func importInputs(of source: ONNXGraph) throws(ModelError) {
    var symbols = SymbolNames()
    for input in source.inputs { symbols.reserve(input.type) }
    for input in source.inputs where scopes.find(input.name) == nil {
      let type = try locating(Location(tensor: input.name)) { () throws(ModelError) in
        try symbols.type(of: input, limits: limits)
      }
      guard scopes.define(input.name, graph.addInput(input.name, type)) else {
        throw ModelError(.malformed, "two inputs have this name", at: Location(tensor: input.name))
      }
    }
  }
}
