import SkiffHDF5Index

extension WeightFinder {
  /// Files in the format of Keras 2: a group for each layer of the model, whose attribute `weight_names` lists its
  /// datasets; those of a nested model in one list.
  mutating func findLegacy(_ model: VariableOwner, root: String) {
    let names = file.texts("layer_names", of: root) ?? []
    let owners = model.children.map(\.owner)
    let groups = groups(of: owners, among: names, root)
    for owner in owners {
      let expected = owner.legacyOrder
      guard let name = groups[owner.name], let found = file.texts("weight_names", of: join(root, name)) else {
        for slot in expected {
          complaints.append(Complaint(slot.owner, "its variable '\(slot.variable.name)' is missing"))
        }
        continue
      }
      match(expected, found, of: owner, in: join(root, name))
    }
    let known = Set(groups.values)
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      complaints.append(Complaint("the file lists the layer '\(name)' twice"))
    }
    for name in names where !known.contains(name) {
      let found = file.texts("weight_names", of: join(root, name)) ?? []
      if !found.isEmpty {
        complaints.append(Complaint("'\(name)' is no layer of the model, but has weights"))
      }
    }
    let topLevel = file.texts("weight_names", of: join(root, "top_level_model_weights")) ?? []
    if !topLevel.isEmpty {
      complaints.append(Complaint("the model itself has the weights \(topLevel.joined(separator: ", "))"))
    }
  }

  /// The group of each layer: the one of its name or, where weights that stand apart are of layers of other names, the one in its
  /// place, since these come from another copy of the model. Keras goes by places alone.
  private mutating func groups(
    of owners: [VariableOwner], among names: [String], _ root: String
  ) -> [String: String] {
    let layers = owners.filter { !$0.legacyOrder.isEmpty }.map(\.name)
    let weights = names.filter { !(file.texts("weight_names", of: join(root, $0)) ?? []).isEmpty }
    guard !isOwn, layers.count == weights.count, layers != weights else {
      let listed = Set(names)
      return Dictionary(
        owners.filter { listed.contains($0.name) }.map { ($0.name, $0.name) }, uniquingKeysWith: { $1 })
    }
    if Set(layers) == Set(weights) {
      complaints.append(
        Complaint("the file has the layers in another order: \(weights.joined(separator: ", "))"))
    }
    renamed = zip(layers, weights).filter { $0 != $1 }.map { (layer: $0, group: $1) }
    return Dictionary(zip(layers, weights), uniquingKeysWith: { $1 })
  }

  private mutating func match(
    _ expected: [VariableOwner.Slot], _ found: [String], of layer: VariableOwner, in group: String
  ) {
    let names = found.map(variableName)
    let expected = expected.filter { !$0.variable.isOptional || names.contains($0.variable.name) }
    guard expected.count == found.count else {
      let needed = expected.map(\.variable.name).joined(separator: ", ")
      complaints.append(
        Complaint(
          layer,
          "needs \(expected.count) variables (\(needed)), the file has \(found.count) (\(names.joined(separator: ", ")))"
        ))
      return
    }
    for (slot, (path, name)) in zip(expected, zip(found, names)) {
      guard slot.variable.isCalled(name) else {
        complaints.append(
          Complaint(slot.owner, "has '\(path)' in the place of its variable '\(slot.variable.name)'"))
        continue
      }
      if let other = otherOwner(of: path, than: slot.owner, in: layer) {
        complaints.append(Complaint(slot.owner, "has the variable '\(path)' of the layer '\(other)'"))
        continue
      }
      store(slot, join(group, path))
    }
  }

  /// The layer of the same nested model that a variable's path names, if it is another one than `owner`.
  ///
  /// In a file that holds the architecture too the order is right, whatever TensorFlow called its scopes.
  private func otherOwner(of path: String, than owner: VariableOwner, in layer: VariableOwner) -> String? {
    guard !isOwn, let scope = path.split(separator: "/").dropLast().last.map(String.init) else { return nil }
    return scope != owner.name && layer.namesInside.contains(scope) ? scope : nil
  }

  /// `kernel` of `dense/kernel:0`.
  private func variableName(_ path: String) -> String {
    let last = path.split(separator: "/").last ?? ""
    return String(last.prefix { $0 != ":" })
  }
}

/// The path of a member of a group.
func join(_ group: String, _ name: String) -> String { group.isEmpty ? name : group + "/" + name }
