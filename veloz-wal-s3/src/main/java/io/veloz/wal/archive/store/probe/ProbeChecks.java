package io.veloz.wal.archive.store.probe;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The requirements of an archive, each as a check that runs against a store. */
final class ProbeChecks {
    private static final int LARGE_BYTES = 20 * 1024 * 1024;
    private static final int WRITERS = 16;
    private static final int ROUNDS = 20;
    private static final int KEYS = 2_500;

    /** A requirement and its test. */
    record Check(String name, Trial trial) {}

    interface Trial {
        /**
         * Runs the check.
         *
         * @param base prefix of the objects; different checks use different names below it
         * @return the observed behaviour
         * @throws FailedException if the store behaves otherwise
         */
        String run(ObjectStore store, String base) throws IOException;
    }

    /** The store does not meet the requirement. */
    static final class FailedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        FailedException(String found) {
            super(found);
        }
    }

    private static void expect(boolean isMet, String otherwise) {
        if (!isMet) {
            throw new FailedException(otherwise);
        }
    }

    private ProbeChecks() {}

    static List<Check> all() {
        return List.of(
                new Check("a put creates an object, a second one is refused", ProbeChecks::putOnce),
                new Check("the list shows an object right after its put", ProbeChecks::listedImmediately),
                new Check("exactly one of 16 concurrent puts succeeds", ProbeChecks::oneWins),
                new Check("content is read back unchanged", ProbeChecks::sameContent),
                new Check("byte ranges can be read", ProbeChecks::ranges),
                new Check("a missing object is reported as missing", ProbeChecks::missing),
                new Check("2,500 keys are listed in order, page by page", ProbeChecks::pages),
                new Check("nested keys are listed in byte order", ProbeChecks::nested),
                new Check("delete removes the given objects and no others", ProbeChecks::deleted),
                new Check("invalid keys are rejected", ProbeChecks::keysRejected),
                new Check("the description has no user, password or query", ProbeChecks::described));
    }

    /** The last check, which deletes the objects of the others. */
    static Check cleanUp() {
        return new Check("the objects of the probe are deleted", ProbeChecks::deleteAll);
    }

    private static byte[] read(ObjectStore store, String key) throws IOException {
        try (InputStream in = store.get(key)) {
            return in.readAllBytes();
        }
    }

    private static ObjectContent text(String text) {
        return ObjectContent.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String putOnce(ObjectStore store, String base) throws IOException {
        String key = base + "once";
        expect(store.putIfAbsent(key, text("first")), "the first put was refused");
        expect(!store.putIfAbsent(key, text("second")), "the second put was stored as well");
        expect(
                Arrays.equals(read(store, key), "first".getBytes(StandardCharsets.UTF_8)),
                "the object has other bytes now");
        expect(
                !store.putIfAbsent(key, text("first")),
                "a second put of the same bytes returned that it created the object");
        return "refused; the first content stays";
    }

    private static String listedImmediately(ObjectStore store, String base) throws IOException {
        for (int i = 0; i < 10; i++) {
            String key = base + "seen/" + i;
            store.putIfAbsent(key, text("seen"));
            List<StoredObject> listed = store.list(base + "seen/", i == 0 ? "" : base + "seen/" + (i - 1));
            expect(listed.equals(List.of(new StoredObject(key, 4))), "listed " + listed + ", expected " + key);
        }
        return "10 of 10";
    }

    private static String sameContent(ObjectStore store, String base) throws IOException {
        for (int bytes : new int[] {0, 1, 65_537, LARGE_BYTES}) {
            byte[] content = new byte[bytes];
            new Random(bytes).nextBytes(content);
            String key = base + "content/" + bytes;
            expect(store.putIfAbsent(key, ObjectContent.of(content)), "the put of " + bytes + " bytes was refused");
            expect(Arrays.equals(read(store, key), content), "an object of " + bytes + " bytes was read back changed");
            Optional<StoredObject> head = store.head(key);
            expect(
                    head.equals(Optional.of(new StoredObject(key, bytes))),
                    "head of " + bytes + " bytes returned " + head);
        }
        return "0 bytes to 20 MB";
    }

    private static String ranges(ObjectStore store, String base) throws IOException {
        byte[] content = new byte[10_000];
        new Random(1).nextBytes(content);
        String key = base + "ranges";
        store.putIfAbsent(key, ObjectContent.of(content));
        int[][] ranges = {{0, 1}, {0, 10_000}, {1, 9_998}, {9_999, 1}, {5_000, 20_000}, {10_000, 5}, {20_000, 5}, {7, 0}
        };
        for (int[] range : ranges) {
            int from = Math.min(range[0], content.length);
            byte[] expected = Arrays.copyOfRange(content, from, Math.min(content.length, from + range[1]));
            try (InputStream in = store.get(key, range[0], range[1])) {
                byte[] found = in.readAllBytes();
                expect(
                        Arrays.equals(found, expected),
                        "from " + range[0] + ", " + range[1] + " bytes: got " + found.length + " bytes, or other ones;"
                                + " expected " + expected.length);
            }
        }
        return ranges.length + " ranges";
    }

    private static String missing(ObjectStore store, String base) throws IOException {
        String key = base + "missing/one";
        expect(store.head(key).isEmpty(), "head returned an object");
        expect(store.list(base + "missing/", "").isEmpty(), "the list contains an object");
        store.delete(List.of(key));
        int reported = 0;
        for (long length : new long[] {0, 1, Long.MAX_VALUE}) {
            try (InputStream in = length == Long.MAX_VALUE ? store.get(key) : store.get(key, 0, length)) {
                expect(false, "get returned " + in.readAllBytes().length + " bytes");
            } catch (NoSuchObjectException e) {
                reported++;
            }
        }
        expect(reported == 3, reported + " of 3 reads reported it");
        return "3 of 3 reads";
    }

    private static String nested(ObjectStore store, String base) throws IOException {
        List<String> keys = new ArrayList<>();
        for (String name : List.of("a-b", "a.b", "a/b", "a/b-c", "a/c/d", "a/c/e", "a0", "aa/b", "b", "B", "_")) {
            keys.add(base + "nested/" + name);
        }
        for (String key : keys) {
            store.putIfAbsent(key, text("x"));
        }
        Collections.sort(keys);
        for (String prefix : List.of("nested/", "nested/a", "nested/a/", "nested/a/c/", "nested/a/c", "nested/x")) {
            for (String after : allOf(base, keys)) {
                List<String> expected = keys.stream()
                        .filter(key -> key.startsWith(base + prefix) && key.compareTo(after) > 0)
                        .toList();
                List<String> listed = store.list(base + prefix, after).stream()
                        .map(StoredObject::key)
                        .toList();
                expect(
                        listed.equals(expected),
                        "under " + prefix + " after \"" + after + "\" listed " + listed + ", expected " + expected);
            }
        }
        return keys.size() + " keys";
    }

    private static List<String> allOf(String base, List<String> keys) {
        List<String> afters = new ArrayList<>(List.of("", base + "nested/a/c", base + "nested/a/zz"));
        afters.addAll(List.of(keys.get(0), keys.get(3), keys.get(6), keys.get(keys.size() - 1)));
        return afters;
    }

    private static String deleted(ObjectStore store, String base) throws IOException {
        List<String> keys = List.of(base + "deleted/1", base + "deleted/2", base + "deleted/3");
        for (String key : keys) {
            store.putIfAbsent(key, text("x"));
        }
        store.delete(List.of(keys.get(0), keys.get(1), base + "deleted/never"));
        List<StoredObject> left = store.list(base + "deleted/", "");
        expect(left.equals(List.of(new StoredObject(keys.get(2), 1))), "the list contains " + left);
        expect(store.head(keys.get(0)).isEmpty(), "head returns a deleted object");
        expect(store.putIfAbsent(keys.get(0), text("y")), "a deleted key cannot be put again");
        store.delete(List.of());
        return "2 of 3 keys";
    }

    private static String keysRejected(ObjectStore store, String base) throws IOException {
        List<String> wrong = List.of(
                "",
                "/a",
                "a/",
                "a//b",
                "../a",
                "a/../b",
                "a/.b",
                ".",
                "a b",
                "a\u00e4",
                "a\nb",
                "a\\b",
                "a".repeat(201));
        int rejected = 0;
        for (String key : wrong) {
            try {
                store.putIfAbsent(key, text("x"));
                expect(false, "\"" + key + "\" was accepted");
            } catch (IllegalArgumentException e) {
                rejected++;
            }
        }
        return rejected + " of " + wrong.size();
    }

    private static String described(ObjectStore store, String base) {
        URI uri = URI.create(store.describe().replace(' ', '+'));
        expect(uri.getUserInfo() == null && uri.getQuery() == null, "it has a user, password or query");
        return store.describe();
    }

    private static String deleteAll(ObjectStore store, String base) throws IOException {
        int removed = 0;
        List<StoredObject> page = store.list(base, "");
        while (!page.isEmpty()) {
            store.delete(page.stream().map(StoredObject::key).toList());
            removed += page.size();
            String last = page.get(page.size() - 1).key();
            page = store.list(base, last);
        }
        expect(store.list(base, "").isEmpty(), "some objects are still listed");
        return removed + " objects";
    }

    // ---- concurrency

    private static String oneWins(ObjectStore store, String base) throws IOException {
        int right = 0;
        int mostWinners = 0;
        for (int round = 0; round < ROUNDS; round++) {
            String key = base + "race/" + round;
            CyclicBarrier start = new CyclicBarrier(WRITERS);
            List<Callable<Integer>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                int writer = i;
                writers.add(() -> {
                    start.await(1, TimeUnit.MINUTES);
                    return put(store, key, writer) ? writer : -1;
                });
            }
            List<Integer> winners = runConcurrently(writers).stream()
                    .filter(writer -> writer >= 0)
                    .toList();
            mostWinners = Math.max(mostWinners, winners.size());
            boolean isRight = winners.size() == 1
                    && new String(read(store, key), StandardCharsets.UTF_8).equals("writer " + winners.get(0));
            right += isRight ? 1 : 0;
        }
        expect(right == ROUNDS, right + " of " + ROUNDS + " rounds, up to " + mostWinners + " winners");
        return right + " of " + ROUNDS + " rounds";
    }

    /** Retries while the store is unavailable, as a store may be that rejects concurrent puts of one key. */
    private static boolean put(ObjectStore store, String key, int writer) throws IOException {
        StoreUnavailableException last = null;
        for (int attempt = 0; attempt < WRITERS; attempt++) {
            try {
                return store.putIfAbsent(key, text("writer " + writer));
            } catch (StoreUnavailableException e) {
                last = e;
            }
        }
        throw new IOException("unavailable in " + WRITERS + " attempts", last);
    }

    private static String pages(ObjectStore store, String base) throws IOException {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            keys.add(base + "pages/" + String.format(Locale.ROOT, "%020d", i));
        }
        List<Callable<Boolean>> puts = new ArrayList<>();
        for (String key : keys) {
            puts.add(() -> store.putIfAbsent(key, text("x")));
        }
        expect(!runConcurrently(puts).contains(false), "a put of a new key was refused");
        List<String> listed = new ArrayList<>();
        int pages = 0;
        List<StoredObject> page = store.list(base + "pages/", "");
        while (!page.isEmpty() && pages < KEYS) {
            expect(page.size() <= 1_000, "a page has " + page.size() + " objects");
            page.forEach(object -> listed.add(object.key()));
            pages++;
            page = store.list(base + "pages/", listed.get(listed.size() - 1));
        }
        expect(listed.equals(keys), listed.size() + " keys were listed, or in another order");
        return pages + " pages";
    }

    private static <T> List<T> runConcurrently(List<Callable<T>> tasks) throws IOException {
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(tasks)) {
                results.add(result.get());
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the store was probed");
        } finally {
            threads.shutdownNow();
        }
    }
}
