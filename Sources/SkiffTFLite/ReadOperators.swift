/// The operators of TensorFlow Lite that are read, for documents.
package enum ReadOperators {
  /// The names in the schema, in alphabetical order.
  package static var builtin: [String] { names { !$0.isCustom } }
  /// The names of custom operators, in alphabetical order.
  package static var custom: [String] { names(where: \.isCustom) }

  private static func names(where condition: (Mapping) -> Bool) -> [String] {
    Dialect.readers.values.filter { !$0.name.isEmpty && condition($0) }.map(\.name).sorted()
  }
}
