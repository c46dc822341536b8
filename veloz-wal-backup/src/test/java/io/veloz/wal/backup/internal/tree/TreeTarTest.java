package io.veloz.wal.backup.internal.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.BackupRefusedException;
import io.veloz.wal.backup.BackupRefusedException.Reason;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.internal.profile.TreeSettings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.Principal;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TreeTarTest {

    @TempDir
    Path dir;

    private Path root;

    @BeforeEach
    void makeTree() throws IOException {
        root = Files.createDirectory(dir.resolve("etc"));
        write("config.yaml", "depth: 5\n", "rw-r-----");
        write("strategies/grid.yaml", "name: grid\n", "rw-------");
        write("strategies/a name with spaces and ä.yaml", "x", "r--------");
        write("x".repeat(90) + "/" + "y".repeat(120) + ".yaml", "long", "rw-rw-rw-");
        Files.createSymbolicLink(root.resolve("current"), Path.of("strategies/grid.yaml"));
        Files.createSymbolicLink(root.resolve("dangling"), Path.of("/nowhere/at/all"));
        Files.createDirectory(root.resolve("empty"));
        Files.setPosixFilePermissions(root.resolve("empty"), PosixFilePermissions.fromString("r-x------"));
        Files.setLastModifiedTime(root.resolve("strategies"), FileTime.from(Instant.parse("2026-01-02T03:04:05.678Z")));
    }

    private void write(String name, String text, String mode) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-02-03T04:05:06.789012300Z")));
    }

    private static Mac mac() {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(new byte[32], "HmacSHA256"));
            return mac;
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] tar(String... exclude) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TreeTar.scan(new TreeSettings(List.of(root), List.of(exclude))).writeTo(out, mac());
        return out.toByteArray();
    }

    private String code() throws IOException {
        Mac mac = mac();
        TreeTar.scan(new TreeSettings(List.of(root), List.of())).writeTo(java.io.OutputStream.nullOutputStream(), mac);
        return HexFormat.of().formatHex(mac.doFinal());
    }

    private Path extract(byte[] tar) throws IOException {
        Path staged = dir.resolve("staged");
        assertThat(TreeExtract.extract(new ByteArrayInputStream(tar), Map.of(root, staged)))
                .isEmpty();
        return staged;
    }

    /** Everything about a tree that a backup keeps. */
    private static Map<String, String> facts(Path tree) throws IOException {
        Map<String, String> facts = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(tree)) {
            for (Path path : walk.toList()) {
                String content = Files.isSymbolicLink(path)
                        ? "-> " + Files.readSymbolicLink(path)
                        : Files.isDirectory(path) ? "directory" : Files.readString(path);
                facts.put(
                        tree.relativize(path).toString(),
                        content + " " + Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) + " "
                                + Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS) + " "
                                + (Files.isSymbolicLink(path) ? "" : micros(Files.getLastModifiedTime(path))));
            }
        }
        return facts;
    }

    /** A tar keeps times to 100 ns. */
    private static long micros(FileTime time) {
        return time.to(TimeUnit.MICROSECONDS);
    }

    @Test
    void treeComesBackAsItWas() throws IOException {
        assertThat(facts(extract(tar()))).isEqualTo(facts(root));
    }

    @Test
    void stockTarReadsIt() throws Exception {
        Path file = Files.write(dir.resolve("tree.tar"), tar());
        Path out = Files.createDirectory(dir.resolve("stock"));
        Process process = new ProcessBuilder("tar", "-xpf", file.toString(), "-C", out.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(process.waitFor()).isZero();
        assertThat(facts(out.resolve(root.toString().substring(1)))).isEqualTo(facts(root));
    }

    @Test
    void equalTreesHaveOneCodeAndChangedOnesAnother() throws IOException {
        String code = code();
        assertThat(code()).isEqualTo(code);
        Files.setPosixFilePermissions(root.resolve("config.yaml"), PosixFilePermissions.fromString("rw-------"));
        String changedMode = code();
        assertThat(changedMode).isNotEqualTo(code);
        write("config.yaml", "depth: 6\n", "rw-------");
        assertThat(code()).isNotEqualTo(changedMode);
    }

    @Test
    void excludedPathsAreLeftOutWithAllBelowThem() throws IOException {
        Path staged = extract(tar("strategies/**", "*.yaml"));
        assertThat(staged.resolve("strategies")).doesNotExist();
        assertThat(staged.resolve("config.yaml")).doesNotExist();
        assertThat(staged.resolve("empty")).isDirectory();
    }

    @Test
    void whatARecoveryStagedOrKeptIsNeverBackedUp() throws IOException {
        write(".secrets.recovery-12/venue.key", "staged", "rw-------");
        write("secrets.before-recovery-12/venue.key", "kept", "rw-------");
        write("strategies/.env.recovery-3", "staged", "rw-------");
        write("strategies/.env.before-recovery-3", "kept", "rw-------");
        write("strategies/notes.before-recovery-x", "of a person", "rw-------");
        Path staged = extract(tar());
        try (Stream<Path> walk = Files.walk(staged)) {
            assertThat(walk.filter(path -> path.toString().contains("recovery-")))
                    .containsExactly(staged.resolve("strategies/notes.before-recovery-x"));
        }
    }

    private void assertRefused(Reason reason, String message) {
        assertThatThrownBy(this::tar)
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    @Test
    void pipeIsRefusedByName() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", root.resolve("pipe").toString())
                        .start()
                        .waitFor())
                .isZero();
        assertRefused(Reason.SOURCE_UNUSABLE, "pipe");
    }

    @Test
    void missingRootIsRefused() {
        assertThatThrownBy(() -> TreeTar.scan(new TreeSettings(List.of(dir.resolve("missing")), List.of())))
                .isInstanceOf(BackupRefusedException.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void largeFileIsRefused() throws IOException {
        try (var file = new java.io.RandomAccessFile(root.resolve("huge").toFile(), "rw")) {
            file.setLength(TreeTar.FILE_MAX_BYTES + 1L);
        }
        assertRefused(Reason.SOURCE_UNUSABLE, "huge");
    }

    @Test
    void fileThatDisappearsIsRefused() throws IOException {
        TreeTar scanned = TreeTar.scan(new TreeSettings(List.of(root), List.of()));
        Files.delete(root.resolve("config.yaml"));
        assertThatThrownBy(() -> scanned.writeTo(java.io.OutputStream.nullOutputStream(), mac()))
                .isInstanceOfSatisfying(
                        BackupRefusedException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.SOURCE_CHANGES));
    }

    // ---- tars that no backup wrote

    private interface Entries {
        void write(TarArchiveOutputStream tar) throws IOException;
    }

    private byte[] forged(Entries entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            put(tar, name(""), TarConstants.LF_DIR, new byte[0], "");
            entries.write(tar);
        }
        return out.toByteArray();
    }

    private List<String> extractOwned(String user, long uid, String group, long gid) throws IOException {
        byte[] tar = forged(out -> {
            for (String file : List.of("a", "b")) {
                TarArchiveEntry entry = new TarArchiveEntry(name(file), TarConstants.LF_NORMAL, true);
                entry.setNames(user, group);
                entry.setIds((int) uid, (int) gid);
                out.putArchiveEntry(entry);
                out.closeArchiveEntry();
            }
        });
        return TreeExtract.extract(new ByteArrayInputStream(tar), Map.of(root, dir.resolve("staged"))).stream()
                .filter(finding -> !finding.contains("(0:0)"))
                .toList();
    }

    private Object attribute(String name) throws IOException {
        return Files.getAttribute(dir.resolve("staged/a"), name, LinkOption.NOFOLLOW_LINKS);
    }

    /** The user has another number on the machine that the files are put back on. */
    @Test
    void ownerAndGroupAreThoseWithTheName() throws IOException {
        String user = attributeOf(root, "posix:owner");
        String group = attributeOf(root, "posix:group");
        assertThat(extractOwned(user, 4242, group, 4343)).isEmpty();
        assertThat(attribute("unix:uid")).isEqualTo(Files.getAttribute(root, "unix:uid"));
        assertThat(attribute("unix:gid")).isEqualTo(Files.getAttribute(root, "unix:gid"));
    }

    private static String attributeOf(Path path, String name) throws IOException {
        return ((Principal) Files.getAttribute(path, name)).getName();
    }

    @Test
    void unknownOwnerIsAFindingAndHisFilesKeepTheNumber() throws IOException {
        Integer uid = (Integer) Files.getAttribute(root, "unix:uid");
        Integer gid = (Integer) Files.getAttribute(root, "unix:gid");
        assertThat(extractOwned("no-such-user", uid, "no-such-group", gid))
                .containsExactly(
                        "the owner no-such-user is unknown on this machine: its files have the number " + uid
                                + "; create it and correct them",
                        "the group no-such-group is unknown on this machine: its files have the number " + gid
                                + "; create it and correct them");
        assertThat(attribute("unix:uid")).isEqualTo(uid);
    }

    @Test
    void ownerThatHadNoNameInTheBackupIsSetByNumber() throws IOException {
        Integer uid = (Integer) Files.getAttribute(root, "unix:uid");
        Integer gid = (Integer) Files.getAttribute(root, "unix:gid");
        assertThat(extractOwned(uid.toString(), uid, gid.toString(), gid)).isEmpty();
        assertThat(attribute("unix:uid")).isEqualTo(uid);
    }

    private String name(String below) {
        return root.toString().substring(1) + "/" + below;
    }

    private static void put(TarArchiveOutputStream tar, String name, byte type, byte[] content, String link)
            throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
        entry.setSize(content.length);
        entry.setMode(type == TarConstants.LF_DIR ? 0755 : 0644);
        entry.setLinkName(link);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private void assertDamaged(byte[] tar, String message) {
        assertThatThrownBy(
                        () -> TreeExtract.extract(new ByteArrayInputStream(tar), Map.of(root, dir.resolve("staged"))))
                .isInstanceOfSatisfying(
                        RecoveryException.class,
                        e -> assertThat(e.reason()).isEqualTo(RecoveryException.Reason.DAMAGED))
                .hasMessageContaining(message);
    }

    @Test
    void namesThatLeaveTheRootAreDamage() throws IOException {
        for (String name :
                List.of("/etc/passwd", "../etc/passwd", name("../../x"), name("./x"), name("a//b"), "tmp/x")) {
            byte[] tar = forged(out -> put(out, name, TarConstants.LF_NORMAL, new byte[3], ""));
            assertThatThrownBy(() -> extract(tar)).as(name).isInstanceOf(RecoveryException.class);
            io.veloz.wal.backup.internal.place.Trees.delete(dir.resolve("staged"));
        }
        assertThat(dir.resolve("x")).doesNotExist();
    }

    @Test
    void entryThroughALinkIsDamage() throws IOException {
        Path outside = Files.createDirectory(dir.resolve("outside"));
        byte[] tar = forged(out -> {
            put(out, name("link"), TarConstants.LF_SYMLINK, new byte[0], outside.toString());
            put(out, name("link/file"), TarConstants.LF_NORMAL, new byte[3], "");
        });
        assertDamaged(tar, "in a link");
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void otherKindsOfEntriesAreDamage() throws IOException {
        for (byte type :
                new byte[] {TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO, TarConstants.LF_LINK}) {
            assertDamaged(forged(out -> put(out, name("x"), type, new byte[0], name("y"))), "is neither");
            io.veloz.wal.backup.internal.place.Trees.delete(dir.resolve("staged"));
        }
    }

    @Test
    void sameNameTwiceIsDamage() throws IOException {
        assertDamaged(
                forged(out -> {
                    put(out, name("x"), TarConstants.LF_NORMAL, new byte[1], "");
                    put(out, name("x"), TarConstants.LF_NORMAL, new byte[2], "");
                }),
                "twice");
    }
}
