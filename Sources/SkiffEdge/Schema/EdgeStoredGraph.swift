import SkiffBinary

/// The bytes in which a `Model` stands in a file.
struct EdgeStoredGraph {
  /// How they say it; the number is that in the footer.
  enum Form: UInt32 {
    case flatBuffer = 0
    /// A ``FlatTree``.
    case tree = 1

    /// What offset and end are multiples of: only what is read in place has to be aligned.
    func alignment(isDeflated: Bool) -> Int {
      self == .flatBuffer && !isDeflated ? EdgeFormat.alignment : 1
    }
  }

  let form: Form
  let bytes: ByteRegion
  /// What they inflate to; 0 if they are not deflated.
  let expandedSize: Int

  init(form: Form, bytes: ByteRegion, expandedSize: Int) {
    (self.form, self.bytes, self.expandedSize) = (form, bytes, expandedSize)
  }

  /// The bytes of a `Model`.
  ///
  /// - Parameter isCompact: Whether they are a tree, deflated unless that is not smaller.
  init(_ root: FlatObject, isCompact: Bool) throws(ModelError) {
    // A reader makes this of a tree, so it has to be possible.
    let image = try FlatImage(root, schema: .skiff)
    guard isCompact else {
      self.init(form: .flatBuffer, bytes: ByteRegion(image.head), expandedSize: 0)
      return
    }
    let tree = ByteRegion(try FlatTree.bytes(of: root, schema: .skiff))
    let deflated = try tree.deflated()
    self.init(form: .tree, bytes: deflated ?? tree, expandedSize: deflated == nil ? 0 : tree.count)
  }

  /// What offset and end are multiples of.
  var alignment: Int { form.alignment(isDeflated: expandedSize != 0) }

  /// The FlatBuffer, whose tables are read in place.
  func flatBuffer(limits: Limits) throws(ModelError) -> ByteRegion {
    let inflated = expandedSize == 0 ? bytes : try bytes.inflated(count: expandedSize)
    guard form == .tree else { return inflated }
    let root = try FlatTree.root(of: inflated, schema: .skiff, limits: limits)
    return ByteRegion(try FlatImage(root, schema: .skiff).head)
  }
}
