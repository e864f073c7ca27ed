/// The table of the operators of a ``Diagnosis``, as text.
public enum DiagnosisTable {
  /// A column.
  public struct Column: Sendable {
    /// What stands above it.
    public let title: String
    /// Whether its cells are numbers.
    public let isNumber: Bool
  }

  /// The columns.
  public static let columns = [
    Column(title: "operator", isNumber: false), Column(title: "kind", isNumber: false),
    Column(title: "SQNR dB", isNumber: true), Column(title: "lost dB", isNumber: true),
    Column(title: "alone dB", isNumber: true),
    Column(title: "saturated", isNumber: true), Column(title: "unused", isNumber: true),
    Column(title: "rounding", isNumber: true),
    Column(title: "parameters", isNumber: true), Column(title: "zeros", isNumber: true),
    Column(title: "MACs", isNumber: true), Column(title: "weights B", isNumber: true),
    Column(title: "values B", isNumber: true), Column(title: "MACs/B", isNumber: true),
  ]

  /// The cells of one operator; `-` where nothing is known, `=` for what equals the source.
  public static func cells(_ row: DiagnosedOperator) -> [String] {
    func decibels(_ number: Double?) -> String {
      number.map { $0 == .infinity ? "=" : $0 == -.infinity ? "no signal" : $0.shortText } ?? "-"
    }
    let lost: String
    switch row.fall {
    case nil: lost = "-"
    case _ where row.isRescaled: lost = "rescaled"
    case .some(.infinity): lost = "all above"
    case .some(let fall): lost = fall.shortText
    }
    return [
      row.name, row.operatorName, decibels(row.signalToNoise), lost, decibels(row.signalToNoiseAlone),
      row.range.map { $0.saturatedShare.percentText } ?? "-",
      row.range.map { $0.unusedShare.percentText } ?? "-",
      row.rounding.map { $0.share.percentText + ($0.largest > 1 ? ", by \($0.largest)" : "") } ?? "-",
      "\(row.parameters)", row.parameters == 0 ? "-" : row.sparsity.percentText,
      row.multiplyAccumulates.map { "\($0)" } ?? "-", "\(row.weightBytes)",
      row.activationBytes.map { "\($0)" } ?? "-", row.intensity.map(\.shortText) ?? "-",
    ]
  }
}
