/// The operators of ONNX that are read, for documents.
package enum ReadOperators {
  /// The newest operator set.
  package static var newestVersion: Int { Dialect.newestReadVersion }

  /// The names in alphabetical order by their domains; that of ONNX's own operators is empty.
  package static var namesByDomain: [String: [String]] {
    Dictionary(grouping: Dialect.readRows, by: \.domain).mapValues { Set($0.map(\.name)).sorted() }
  }
}
