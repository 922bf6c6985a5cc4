package io.spam4j.tensors.internal.files;

import static java.nio.file.attribute.PosixFilePermission.GROUP_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.GROUP_READ;
import static java.nio.file.attribute.PosixFilePermission.GROUP_WRITE;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_READ;
import static java.nio.file.attribute.PosixFilePermission.OTHERS_WRITE;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.AclEntry;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may do what with a file.
 *
 * @param posix owner, group and mode; null where files have none
 * @param acl the access control list; null where files have none that Java sees, as on Linux
 */
record FileRights(@Nullable PosixFileAttributes posix, @Nullable List<AclEntry> acl) {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");

  /** What the group may, with what all others may. */
  private static final Map<PosixFilePermission, PosixFilePermission> GROUP_AND_OTHERS =
      Map.of(
          GROUP_READ, OTHERS_READ,
          GROUP_WRITE, OTHERS_WRITE,
          GROUP_EXECUTE, OTHERS_EXECUTE);

  /** Those of a file, or of the one that a link leads to; null if there is none. */
  static @Nullable FileRights of(Path file) throws IOException {
    var posix = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    var acl = Files.getFileAttributeView(file, AclFileAttributeView.class);
    try {
      return new FileRights(
          posix == null ? null : posix.readAttributes(), acl == null ? null : acl.getAcl());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** What a file is created with that nobody else may read until it has these rights. */
  FileAttribute<?>[] whileWritten() {
    if (posix != null) {
      return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PRIVATE)};
    }
    return acl == null ? new FileAttribute<?>[0] : new FileAttribute<?>[] {new Acl(acl)};
  }

  private record Acl(List<AclEntry> value) implements FileAttribute<List<AclEntry>> {
    @Override
    public String name() {
      return "acl:acl";
    }
  }

  /** Gives them to another file, but for an owner and a group that this process may not give. */
  void giveTo(Path file) throws IOException {
    if (posix != null) {
      givePosix(file, posix);
    }
    if (acl != null) {
      Files.getFileAttributeView(file, AclFileAttributeView.class).setAcl(acl);
    }
  }

  private static void givePosix(Path file, PosixFileAttributes of) throws IOException {
    var view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    PosixFileAttributes now = view.readAttributes();
    if (!now.owner().equals(of.owner())) {
      boolean _ = isPermitted(() -> view.setOwner(of.owner()));
    }
    boolean hasGroup =
        now.group().equals(of.group()) || isPermitted(() -> view.setGroup(of.group()));
    Set<PosixFilePermission> mode = hasGroup ? of.permissions() : withoutGroup(of.permissions());
    if (!view.readAttributes().permissions().equals(mode)) {
      view.setPermissions(mode);
    }
  }

  /** A mode for a file of another group: that may what all may. */
  static Set<PosixFilePermission> withoutGroup(Set<PosixFilePermission> mode) {
    Set<PosixFilePermission> less = EnumSet.noneOf(PosixFilePermission.class);
    for (PosixFilePermission permission : mode) {
      PosixFilePermission ofOthers = GROUP_AND_OTHERS.get(permission);
      if (ofOthers == null || mode.contains(ofOthers)) {
        less.add(permission);
      }
    }
    return less;
  }

  private interface Change {
    void make() throws IOException;
  }

  private static boolean isPermitted(Change change) throws IOException {
    try {
      change.make();
      return true;
    } catch (FileSystemException e) {
      return false;
    }
  }
}
