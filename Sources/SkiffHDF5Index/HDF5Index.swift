import SkiffBinary

/// What an HDF5 file holds: its groups, its datasets with the place of their bytes, and their attributes.
///
/// It is made where libhdf5 is linked and read where it is not; ``init(parsing:file:limits:)`` and
/// ``HDF5IndexWriter`` are the two ends of that border.
package struct HDF5Index: Sendable {
  /// What one element of a dataset or an attribute is.
  package enum ElementType: Hashable, Sendable {
    /// Integers in two's complement, little-endian, of so many bytes.
    case signed(Int)
    /// Unsigned integers, little-endian, of so many bytes.
    case unsigned(Int)
    /// IEEE 754 numbers, little-endian, of 2, 4 or 8 bytes.
    case float(Int)
    /// Truth values in one byte.
    case boolean
    /// Bytes whose meaning is not said, so many of them; Keras keeps bfloat16 like that.
    case opaque(Int)
    /// Text.
    case string
    /// Something that no model needs: only its presence is known.
    case other
  }

  /// An array of numbers; its bytes are a slice of the file where they lie there as they are.
  package struct Dataset: Sendable {
    /// What one element is.
    package let elementType: ElementType
    /// The sizes, outermost first.
    package let shape: [Int]
    /// The elements, or nil for text and for what has no meaning here.
    package let bytes: ByteRegion?
  }

  /// The value of an attribute.
  package enum Attribute: Hashable, Sendable {
    /// One text or an array of them.
    case strings([String])
    /// Integers that fit 64 bits.
    case integers([Int])
    /// Floating point numbers.
    case numbers([Double])
    /// Something else; its value is not kept.
    case other
  }

  /// Paths without a slash at either end; the root is the empty one.
  package internal(set) var groups: Set<String> = []
  /// Every dataset by its path.
  package internal(set) var datasets: [String: Dataset] = [:]
  /// The attributes of groups and datasets, by path and name.
  package internal(set) var attributes: [String: [String: Attribute]] = [:]
  /// The names inside of each group, in the order of the file's index.
  package internal(set) var children: [String: [String]] = [:]

  /// The single text that an attribute holds, or nil.
  package func string(_ name: String, of path: String) -> String? {
    guard case .strings(let values) = attributes[path]?[name], values.count == 1 else { return nil }
    return values.first
  }

  /// The paths of all datasets at or below `path`, sorted.
  package func datasets(below path: String) -> [String] {
    datasets.keys.filter { path.isEmpty || $0.hasPrefix(path + "/") }.sorted()
  }
}

extension HDF5Index.ElementType {
  /// The bytes of one element, or nil where there are none.
  var size: Int? {
    switch self {
    case .signed(let size), .unsigned(let size), .float(let size), .opaque(let size): size
    case .boolean: 1
    case .string, .other: nil
    }
  }
}

/// The bytes of the border between the process that links libhdf5 and the one that does not.
///
/// A file is `magic`, `version` and records, each a tag and its fields, little-endian; texts and lists carry their
/// length before them. The last record is `end` with the number of records before it, or `failure`.
enum IndexFormat {
  static let magic: UInt32 = 0x3548_4B53  // "SKH5"
  static let version: UInt32 = 1
  /// Decoded datasets start at multiples of this.
  static let alignment = 64

  enum Tag: UInt8 {
    /// Count of the records before it.
    case end = 0
    /// Path.
    case group = 1
    /// Path, type, shape, place.
    case dataset = 2
    /// Name, type, shape, payload; belongs to the last group or dataset.
    case attribute = 3
    /// Code and message of an error.
    case failure = 4
  }

  enum Place: UInt8 {
    case none = 0
    /// Offset and length in the HDF5 file.
    case file = 1
    /// Length, zeros up to the alignment, bytes.
    case inline = 2
  }

  static func code(of type: HDF5Index.ElementType) -> (kind: UInt8, size: UInt32) {
    switch type {
    case .other: (0, 0)
    case .signed(let size): (1, UInt32(clamping: size))
    case .unsigned(let size): (2, UInt32(clamping: size))
    case .float(let size): (3, UInt32(clamping: size))
    case .boolean: (4, 1)
    case .opaque(let size): (5, UInt32(clamping: size))
    case .string: (6, 0)
    }
  }

  static func elementType(kind: UInt8, size: UInt32) -> HDF5Index.ElementType? {
    switch (kind, size) {
    case (0, _): .other
    case (1, 1), (1, 2), (1, 4), (1, 8): .signed(Int(size))
    case (2, 1), (2, 2), (2, 4), (2, 8): .unsigned(Int(size))
    case (3, 2), (3, 4), (3, 8): .float(Int(size))
    case (4, 1): .boolean
    case (5, 1...16): .opaque(Int(size))
    case (6, _): .string
    default: nil
    }
  }
}
