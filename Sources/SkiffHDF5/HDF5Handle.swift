import CHDF5
import SkiffBinary

/// The one owner of an identifier of libhdf5; gives it back exactly once.
struct HDF5Handle: ~Copyable {
  let id: hid_t

  /// Takes what a call of the library returned.
  ///
  /// - Throws: ``ModelError/Code/malformed`` with `what` if it is no identifier.
  init(_ id: hid_t, _ what: @autoclosure () -> String) throws(ModelError) {
    guard id >= 0 else { throw ModelError(.malformed, "libhdf5 cannot read \(what())") }
    self.id = id
  }

  deinit { H5Idec_ref(id) }
}

/// The entries of a group or the attributes of an object: names with the kind of link, in the order of their names.
///
/// - Throws: ``ModelError/Code/limitExceeded`` if there are more than `limit`, ``ModelError/Code/malformed`` for a name
///   that is not UTF-8.
func entries(
  _ kind: EntryKind, of object: borrowing HDF5Handle, path: String, limit: Int
) throws(ModelError) -> [(name: String, kind: Int32)] {
  struct Visit {
    var entries: [(name: String?, kind: Int32)] = []
    let limit: Int
  }
  let collect: skiff_h5_visit = { name, kind, context in
    guard let name, let visit = context?.assumingMemoryBound(to: Visit.self),
      visit.pointee.entries.count < visit.pointee.limit
    else { return 1 }
    visit.pointee.entries.append((String(validatingCString: name), kind))
    return 0
  }
  var visit = Visit(limit: limit)
  let id = object.id
  let status = withUnsafeMutablePointer(to: &visit) { context in
    switch kind {
    case .links: skiff_h5_links(id, collect, context)
    case .attributes: skiff_h5_attributes(id, collect, context)
    }
  }
  guard status <= 0 else {
    throw ModelError(.limitExceeded, "'\(path)' has more than \(limit) entries")
  }
  guard status == 0 else { throw ModelError(.malformed, "libhdf5 cannot list '\(path)'") }
  var entries: [(name: String, kind: Int32)] = []
  for entry in visit.entries {
    guard let name = entry.name, !name.isEmpty else {
      throw ModelError(.malformed, "an entry of '\(path)' has an impossible name")
    }
    entries.append((name, entry.kind))
  }
  return entries
}

/// What an object has a list of.
enum EntryKind {
  /// The links of a group.
  case links
  /// The attributes of a group or a dataset.
  case attributes
}
