package io.veloz.wal.archive.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest {
    private static final ObjectContent CONTENT = ObjectContent.of(new byte[] {1, 2, 3});

    @TempDir
    Path directory;

    @Test
    void crashAtEveryForceLeavesTheCompleteObjectOrNone() throws IOException {
        for (int dying = 1; ; dying++) {
            Path root = directory.resolve("crash-" + dying);
            int[] forces = {0};
            int last = dying;
            DirectoryStore store = new DirectoryStore(
                    root,
                    (channel, path) -> {
                        if (++forces[0] >= last) {
                            throw new IOException("power cut");
                        }
                        DirectoryWriter.Force.REAL.force(channel, path);
                    },
                    10);
            boolean completed = false;
            try {
                completed = store.putIfAbsent("ship/1", CONTENT);
            } catch (StoreUnavailableException e) {
                assertThat(e).hasMessageContaining("power cut");
            }
            DirectoryStore after = new DirectoryStore(root);
            List<StoredObject> listed = after.list("", "");
            assertThat(listed).isSubsetOf(new StoredObject("ship/1", 3));
            if (completed) {
                assertThat(listed).hasSize(1);
                assertThat(forces[0]).isEqualTo(dying - 1);
                return;
            }
            assertThat(after.putIfAbsent("ship/1", CONTENT)).isEqualTo(listed.isEmpty());
        }
    }

    @Test
    void bytesAreForcedBeforeTheNameAndTheNameBeforeTheReturn() throws IOException {
        List<String> forced = new ArrayList<>();
        Path root = directory.resolve("archive");
        DirectoryStore store = new DirectoryStore(
                root,
                (channel, path) -> forced.add(
                        path.toString().contains("/.partial/")
                                ? "bytes, named: " + Files.exists(root.resolve("ship/1"))
                                : path.equals(root.resolve("ship"))
                                        ? "names, named: " + Files.exists(root.resolve("ship/1"))
                                        : path.equals(root) || path.equals(directory)
                                                ? path.getFileName() + ", marked: "
                                                        + Files.exists(root.resolve(DirectoryRoot.MARKER))
                                                : "above"),
                10);
        store.putIfAbsent("ship/1", CONTENT);
        forced.removeIf("above"::equals);
        assertThat(forced)
                .containsExactly(
                        directory.getFileName() + ", marked: false",
                        "bytes, named: false",
                        "archive, marked: true",
                        "archive, marked: true",
                        "bytes, named: false",
                        "names, named: true");
        forced.clear();
        store.putIfAbsent("ship/1", CONTENT);
        assertThat(forced).containsExactly("names, named: true");
    }

    @Test
    void failedForceOfADirectoryFailsTheStore() throws IOException {
        Path root = directory.resolve("archive");
        DirectoryStore store = new DirectoryStore(
                root,
                (channel, path) -> {
                    if (path.endsWith("ship")) {
                        throw new IOException("bad sector");
                    }
                },
                10);
        assertThatThrownBy(() -> store.putIfAbsent("ship/1", CONTENT)).hasMessageContaining("bad sector");
        assertThatThrownBy(() -> store.get("ship/1"))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining("bad sector")
                .hasMessageContaining("reopen the store");
    }

    @Test
    void fullDiskIsUnavailableAndLeavesNothing() throws IOException {
        DirectoryStore store = new DirectoryStore(
                directory,
                (channel, path) -> {
                    if (path.toString().contains("/.partial/")) {
                        throw new IOException("No space left on device");
                    }
                },
                10);
        assertThatThrownBy(() -> store.putIfAbsent("a", CONTENT))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("the disk is full")
                .hasMessageContaining("put a");
        assertThat(filesOf(directory)).isEmpty();
    }

    @Test
    void directoryWithoutRightsIsDenied() {
        DirectoryStore store = new DirectoryStore(
                directory,
                new DirectoryWriter.Force() {
                    @Override
                    public FileChannel open(Path path) throws IOException {
                        throw new AccessDeniedException(path.toString());
                    }

                    @Override
                    public void force(FileChannel channel, Path path) {}
                },
                10);
        assertThatThrownBy(() -> store.putIfAbsent("ship/1", CONTENT))
                .isInstanceOf(StoreDeniedException.class)
                .hasMessageContaining(directory.toString());
    }

    @Test
    void readOnlyFileSystemIsDenied() {
        DirectoryStore store = new DirectoryStore(
                directory,
                (channel, path) -> {
                    throw new FileSystemException(path.toString(), null, "Read-only file system");
                },
                10);
        assertThatThrownBy(() -> store.putIfAbsent("a", CONTENT))
                .isInstanceOf(StoreDeniedException.class)
                .hasMessageContaining("read-only");
    }

    @Test
    void contentThatIsShorterThanItsLengthIsNotStored() throws IOException {
        ObjectContent tooShort = new ObjectContent() {
            @Override
            public long length() {
                return 4;
            }

            @Override
            public String sha256() {
                return CONTENT.sha256();
            }

            @Override
            public InputStream open() {
                return new ByteArrayInputStream(new byte[3]);
            }
        };
        DirectoryStore store = new DirectoryStore(directory);
        assertThatThrownBy(() -> store.putIfAbsent("a", tooShort)).hasMessageContaining("has 3 bytes, expected 4");
        assertThat(store.head("a")).isEmpty();
    }

    @Test
    void leftoversOfACrashAreRemovedWhenADayOldAndNeverListed() throws IOException {
        Path partials = Files.createDirectories(directory.resolve(".partial"));
        Path old = Files.write(partials.resolve("old"), new byte[1]);
        Path young = Files.write(partials.resolve("young"), new byte[1]);
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
        DirectoryStore store = new DirectoryStore(directory);
        assertThat(store.list("", "")).isEmpty();
        store.putIfAbsent("a", CONTENT);
        assertThat(old).doesNotExist();
        assertThat(young).exists();
        assertThat(store.list("", "")).containsExactly(new StoredObject("a", 3));
    }

    @Test
    void foreignFilesAreNotListed() throws IOException {
        Files.write(directory.resolve("not a key"), new byte[1]);
        Files.write(directory.resolve(".hidden"), new byte[1]);
        Files.createSymbolicLink(directory.resolve("link"), directory.resolve("not a key"));
        assertThat(new DirectoryStore(directory).list("", "")).isEmpty();
    }

    @Test
    void truncatedObjectIsAnError() throws IOException {
        DirectoryStore store = new DirectoryStore(directory);
        store.putIfAbsent("a", ObjectContent.of(new byte[100_000]));
        try (InputStream in = store.get("a")) {
            in.readNBytes(10);
            Files.write(directory.resolve("a"), new byte[20]);
            assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class).hasMessageContaining("truncated");
        }
    }

    @Test
    void keyThatIsADirectoryOfOtherKeysIsRejected() throws IOException {
        DirectoryStore store = new DirectoryStore(directory);
        store.putIfAbsent("a/b", CONTENT);
        assertThatThrownBy(() -> store.putIfAbsent("a", CONTENT)).isExactlyInstanceOf(StoreException.class);
        assertThatThrownBy(() -> store.putIfAbsent("a/b/c", CONTENT)).isExactlyInstanceOf(StoreException.class);
        assertThat(store.head("a")).isEmpty();
        assertThat(store.head("a/b/c")).isEmpty();
    }

    @Test
    void longListingScansTheDirectoryOncePerWindowOrTenSeconds() throws IOException {
        Files.createDirectories(directory.resolve("ship"));
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 5_500; i++) {
            keys.add(String.format(Locale.ROOT, "ship/%020d", i));
            Files.createFile(directory.resolve(keys.get(i)));
        }
        long[] nanos = {0};
        ListingCache quick = new ListingCache(directory, 2_500, () -> nanos[0]);
        assertThat(allKeys(quick)).isEqualTo(keys);
        assertThat(quick.scans())
                .as("three windows, and one read after the end")
                .isEqualTo(4);
        ListingCache slow = new ListingCache(
                directory, 2_500, () -> nanos[0] += Duration.ofSeconds(11).toNanos());
        assertThat(allKeys(slow)).isEqualTo(keys);
        assertThat(slow.scans()).as("six pages, and one read after the end").isEqualTo(7);
    }

    private static List<String> allKeys(ListingCache listings) throws IOException {
        List<String> keys = new ArrayList<>();
        List<StoredObject> page = listings.page("ship/", "");
        while (!page.isEmpty()) {
            page.forEach(object -> keys.add(object.key()));
            page = listings.page("ship/", keys.get(keys.size() - 1));
        }
        return keys;
    }

    @Test
    void resumedListingContainsWhatThisStorePutMeanwhile() throws IOException {
        DirectoryStore store = new DirectoryStore(directory);
        for (int i = 0; i < 1_500; i++) {
            Files.createFile(directory.resolve(String.format(Locale.ROOT, "k%05d", i * 2)));
        }
        List<StoredObject> first = store.list("", "");
        store.putIfAbsent("k02001", CONTENT);
        assertThat(store.list("", first.get(999).key())).contains(new StoredObject("k02001", 3));
    }

    @Test
    void uriThatIsNotAPlainPathIsRejected() {
        for (String uri : List.of("file://host/a", "file:///a?b=c", "file:///a#b", "file:a?b", "ftp://a/b")) {
            assertThatThrownBy(() -> ObjectStores.open(uri)).as(uri).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> ObjectStores.open("file:///a", Map.of("region", "x")))
                .hasMessageContaining("[region]");
        assertThat(ObjectStores.open("file:target/a").describe()).endsWith("/target/a");
    }

    @Test
    void missingRootIsNotRecreatedAndIsUsedAgainWhenItIsBack() throws IOException {
        Path root = directory.resolve("disk/archive");
        DirectoryStore store = new DirectoryStore(root);
        assertThat(store.putIfAbsent("ship/1", CONTENT)).isTrue();
        // Like an unmounted disk: the path is an empty directory of the parent file system.
        Files.move(directory.resolve("disk"), directory.resolve("away"));
        Files.createDirectory(directory.resolve("disk"));
        assertRefused(store, "is missing");
        assertThat(Files.list(directory.resolve("disk"))).isEmpty();
        Files.delete(directory.resolve("disk"));
        Files.move(directory.resolve("away"), directory.resolve("disk"));
        assertThat(store.list("", "")).containsExactly(new StoredObject("ship/1", 3));
        assertThat(store.putIfAbsent("ship/2", CONTENT)).isTrue();
    }

    @Test
    void directoryThatReplacedTheRootIsNotWritten() throws IOException {
        Path root = directory.resolve("archive");
        DirectoryStore store = new DirectoryStore(root);
        store.putIfAbsent("ship/1", CONTENT);
        Files.move(root, directory.resolve("away"));
        Files.createDirectory(root);
        assertRefused(store, "is another directory");
        assertThat(filesOf(root)).isEmpty();
    }

    @Test
    void directoryWithTheSameInodeIsDistinguishedByItsMarker() throws IOException {
        Path root = directory.resolve("archive");
        DirectoryStore store = new DirectoryStore(root);
        store.putIfAbsent("ship/1", CONTENT);
        String marker = Files.readString(root.resolve(DirectoryRoot.MARKER));
        Files.writeString(root.resolve(DirectoryRoot.MARKER), "another");
        assertRefused(store, "is another directory");
        Files.writeString(root.resolve(DirectoryRoot.MARKER), marker);
        assertThat(store.putIfAbsent("ship/2", CONTENT)).isTrue();
    }

    @Test
    void putDuringWhichTheRootIsReplacedFails() throws IOException {
        Path root = directory.resolve("archive");
        boolean[] replace = {false};
        DirectoryStore store = new DirectoryStore(
                root,
                (channel, path) -> {
                    if (replace[0]) {
                        replace[0] = false;
                        Files.move(root, directory.resolve("away"));
                        Files.createDirectories(root.resolve("ship"));
                        Files.move(directory.resolve("away/.partial"), root.resolve(".partial"));
                    }
                },
                10);
        store.putIfAbsent("ship/1", CONTENT);
        replace[0] = true;
        assertThatThrownBy(() -> store.putIfAbsent("ship/2", CONTENT)).isInstanceOf(StoreUnavailableException.class);
    }

    @Test
    void newRootIsCreatedOnlyIfItsParentIsUnchanged() throws IOException {
        Path disk = Files.createDirectory(directory.resolve("disk"));
        DirectoryStore store = new DirectoryStore(disk.resolve("archive"));
        assertThat(store.list("", "")).isEmpty();
        Files.move(disk, directory.resolve("away"));
        Files.createDirectory(disk);
        assertRefused(store, "is another directory");
        assertThat(Files.list(disk)).isEmpty();
        assertThat(new DirectoryStore(disk.resolve("archive")).putIfAbsent("ship/1", CONTENT))
                .isTrue();
    }

    @Test
    void secondStoreAdoptsTheMarkerOfTheFirst() throws IOException {
        DirectoryStore first = new DirectoryStore(directory.resolve("archive"));
        DirectoryStore second = new DirectoryStore(directory.resolve("archive"));
        first.putIfAbsent("ship/1", CONTENT);
        second.putIfAbsent("ship/2", CONTENT);
        assertThat(first.list("", "")).hasSize(2).isEqualTo(second.list("", ""));
    }

    private static void assertRefused(DirectoryStore store, String message) {
        for (ThrowingCallable request : List.<ThrowingCallable>of(
                () -> store.putIfAbsent("ship/1", CONTENT),
                () -> store.putIfAbsent("ship/3", CONTENT),
                () -> store.head("ship/1"),
                () -> store.get("ship/1"),
                () -> store.list("", ""),
                () -> store.delete(List.of("ship/1")))) {
            assertThatThrownBy(request)
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void directoryThatCannotBeOpenedIsNotAFailedForce() throws IOException {
        boolean[] tooMany = {false};
        DirectoryStore store = new DirectoryStore(
                directory.resolve("archive"),
                new DirectoryWriter.Force() {
                    @Override
                    public FileChannel open(Path path) throws IOException {
                        if (tooMany[0] && path.endsWith("ship")) {
                            throw new FileSystemException(path.toString(), null, "Too many open files");
                        }
                        return DirectoryWriter.Force.super.open(path);
                    }

                    @Override
                    public void force(FileChannel channel, Path path) throws IOException {
                        REAL.force(channel, path);
                    }
                },
                10);
        store.putIfAbsent("ship/1", CONTENT);
        tooMany[0] = true;
        assertThatThrownBy(() -> store.putIfAbsent("ship/2", CONTENT))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("Too many open files");
        tooMany[0] = false;
        // The link was created and not forced: this put forces it, and reports that the object exists.
        assertThat(store.putIfAbsent("ship/2", CONTENT)).isFalse();
        assertThat(store.putIfAbsent("ship/3", CONTENT)).isTrue();
        assertThat(store.head("ship/2")).isPresent();
    }

    private static List<Path> filesOf(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
