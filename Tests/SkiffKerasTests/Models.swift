import Foundation
import SkiffBinary
import SkiffIR
import SkiffKeras
import SkiffNumPy
import SkiffTestSupport

/// The model in a file of the folder TestModels or at an absolute path.
func model(_ path: String) throws -> KerasModel {
  let path = path.hasPrefix("/") ? path : TestModel.path(path)
  return try KerasModel(parsing: ByteRegion(mapping: path), path: path)
}

/// An architecture with the weights of another file.
func model(_ architecture: String, weights: String) throws -> KerasModel {
  let weights = weights.hasPrefix("/") ? weights : TestModel.path(weights)
  let json = try ByteRegion(mapping: TestModel.path(architecture))
  return try KerasModel(parsingArchitecture: json)
    .applyingWeights(of: ByteRegion(mapping: weights), path: weights)
}

/// The graph of a model; warnings are not expected.
func graph(_ model: KerasModel) throws -> Graph {
  var warnings: [Warning] = []
  return try Importer.makeGraph(from: model, warnings: &warnings)
}

/// The constants that come from variables, by the names of those.
func variables(of graph: Graph) throws -> [String: [Float]] {
  var variables: [String: [Float]] = [:]
  for id in graph.constantIDs where !graph[id].name.isEmpty {
    variables[graph[id].name] = try graph[id].constant?.materialize().floats()
  }
  return variables
}
