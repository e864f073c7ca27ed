import SkiffIR

extension WeightCompression {
  /// Names under which weights that no exception is for yet can get settings of their own, in the order of the graph: those of
  /// the tensors or, where they have none, of their users.
  package func freeNames(in graph: Graph) -> [String] {
    var names: [String] = []
    for weight in free(in: graph) {
      let name = weight.name.isEmpty ? weight.users.map { graph[$0].name }.first { !$0.isEmpty } : weight.name
      if let name, !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// The constants that settings for a name go to.
  package func values(named name: String, in graph: Graph) -> [ValueID] {
    free(in: graph).filter { Scope.names(name).fits($0, in: graph) }.map(\.value)
  }

  /// The weights that no exception is for.
  private func free(in graph: Graph) -> [WeightTensor] {
    WeightTensor.all(in: graph, least: leastCount).filter { weight in
      !exceptions.keys.contains { $0.fits(weight, in: graph) }
    }
  }
}
