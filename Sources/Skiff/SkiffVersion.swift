/// The version of the library.
public enum SkiffVersion {
  /// By the rules of semantic versioning.
  public static let current = "0.1.0"
}
