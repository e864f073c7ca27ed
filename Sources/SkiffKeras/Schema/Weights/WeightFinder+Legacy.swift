import SkiffHDF5Index

extension WeightFinder {
  /// Files in the format of Keras 2: a group for each layer of the model, whose attribute `weight_names` lists its
  /// datasets; those of a nested model in one list.
  mutating func findLegacy(_ model: VariableOwner, root: String) {
    let names = file.texts("layer_names", of: root) ?? []
    var known: Set<String> = []
    for child in model.children {
      known.insert(child.owner.name)
      let expected = child.owner.legacyOrder
      let group = join(root, child.owner.name)
      guard names.contains(child.owner.name), let found = file.texts("weight_names", of: group) else {
        for slot in expected {
          complaints.append(Complaint(slot.owner, "its variable '\(slot.variable.name)' is missing"))
        }
        continue
      }
      match(expected, found, of: child.owner, in: group)
    }
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
