package io.veloz.wal.backup.internal.place;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The directory of the profile that holds the spool, the key of the content MAC and the journal of a recovery. Mode 0700.
 * Any thread may use it.
 */
public final class StateDirectory {
    private static final String MAC_KEY = "content-mac.key";
    private static final String RECOVERY_LOCK = "recovery.lock";
    private static final int MAC_KEY_BYTES = 32;

    private final Path directory;

    private StateDirectory(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens the directory, and creates it if it does not exist.
     *
     * @throws IOException if it cannot be created, or others than its owner have access to it
     */
    public static StateDirectory open(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            Path parent = directory.getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        int mode = (Integer) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0777;
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) || (mode & 077) != 0) {
            throw new AccessDeniedException(
                    directory.toString(),
                    null,
                    "has mode " + Integer.toOctalString(mode)
                            + "; expected a directory with mode 700: it holds the key of the content MAC and the journal");
        }
        return new StateDirectory(directory);
    }

    public Path path() {
        return directory;
    }

    /**
     * Excludes every other recovery, rollback and clean-up of this profile until the result is closed. The lock ends with the
     * process.
     *
     * @throws RecoveryException RECOVERY_RUNS
     */
    public StorageLock lockRecovery() throws IOException {
        try {
            return DiskStorage.open(directory).lock(RECOVERY_LOCK);
        } catch (WalLockedException e) {
            throw new RecoveryException(
                    Reason.RECOVERY_RUNS,
                    "another recovery, rollback or clean-up of this profile runs, and has the lock in " + directory
                            + ": wait for its end",
                    e);
        }
    }

    /** HMAC-SHA256 under a key that never leaves this host; made at the first use. */
    public Mac contentMac() throws IOException {
        Path file = directory.resolve(MAC_KEY);
        byte[] key = new byte[MAC_KEY_BYTES];
        new SecureRandom().nextBytes(key);
        try {
            Path made = Files.createTempFile(
                    directory,
                    MAC_KEY,
                    ".new",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                Files.write(made, key);
                try (FileChannel channel = FileChannel.open(made, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
                // A link fails if there is a key; a rename would replace it.
                Files.createLink(file, made);
                force(directory);
            } finally {
                Files.delete(made);
            }
        } catch (FileAlreadyExistsException e) {
            key = Files.readAllBytes(file);
        }
        if (key.length != MAC_KEY_BYTES) {
            throw new IOException(file + " has " + key.length + " bytes; expected " + MAC_KEY_BYTES
                    + ". Delete it: the next backup then stores everything once more");
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac;
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new AssertionError("every Java platform has HmacSHA256", e);
        }
    }

    /** Makes the entries of a directory durable. */
    public static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
