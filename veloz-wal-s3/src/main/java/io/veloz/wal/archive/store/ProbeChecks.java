package io.veloz.wal.archive.store;

import static io.veloz.wal.archive.store.ProbeCheck.expect;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** All that an archive needs of a store. */
final class ProbeChecks {
    private static final int LARGE_BYTES = 20 * 1024 * 1024;

    private ProbeChecks() {}

    static List<ProbeCheck> all() {
        return List.of(
                new ProbeCheck("a put creates an object, a second one is refused", ProbeChecks::putOnce),
                new ProbeCheck("the list shows an object right after its put", ProbeChecks::listedAtOnce),
                new ProbeCheck("of 16 puts at once exactly one wins", ProbeRaces::oneWins),
                new ProbeCheck("content comes back as it was", ProbeChecks::sameContent),
                new ProbeCheck("a part can be read", ProbeChecks::parts),
                new ProbeCheck("what is missing is said to be missing", ProbeChecks::missing),
                new ProbeCheck("2,500 keys are listed in order, by pages", ProbeRaces::pages),
                new ProbeCheck("nested keys are listed in the order of their bytes", ProbeChecks::nested),
                new ProbeCheck("delete removes what is there, and nothing else", ProbeChecks::deleted),
                new ProbeCheck("keys that are none are refused", ProbeChecks::keysRefused),
                new ProbeCheck("its name holds no user, password or query", ProbeChecks::named));
    }

    /** Comes last. */
    static ProbeCheck cleaned() {
        return new ProbeCheck("what was tried is gone again", ProbeChecks::clean);
    }

    static byte[] read(ObjectStore store, String key) throws IOException {
        try (InputStream in = store.get(key)) {
            return in.readAllBytes();
        }
    }

    static ObjectContent text(String text) {
        return ObjectContent.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String putOnce(ObjectStore store, String base) throws IOException {
        String key = base + "once";
        expect(store.putIfAbsent(key, text("first")), "the first put was refused");
        expect(!store.putIfAbsent(key, text("second")), "the second put was stored, too");
        expect(Arrays.equals(read(store, key), "first".getBytes(StandardCharsets.UTF_8)), "other bytes are there now");
        expect(!store.putIfAbsent(key, text("first")), "a second put of the same bytes was taken for the first");
        return "refused; the first stays";
    }

    private static String listedAtOnce(ObjectStore store, String base) throws IOException {
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
            expect(Arrays.equals(read(store, key), content), "other bytes came back of " + bytes);
            Optional<StoredObject> head = store.head(key);
            expect(head.equals(Optional.of(new StoredObject(key, bytes))), bytes + " bytes are said to be " + head);
        }
        return "0 bytes to 20 MB";
    }

    private static String parts(ObjectStore store, String base) throws IOException {
        byte[] content = new byte[10_000];
        new Random(1).nextBytes(content);
        String key = base + "parts";
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
                        "from " + range[0] + ", " + range[1] + " bytes: " + found.length + " came, expected "
                                + expected.length + " of the right ones");
            }
        }
        return ranges.length + " ranges";
    }

    private static String missing(ObjectStore store, String base) throws IOException {
        String key = base + "missing/one";
        expect(store.head(key).isEmpty(), "head found something");
        expect(store.list(base + "missing/", "").isEmpty(), "the list shows something");
        store.delete(List.of(key));
        int told = 0;
        for (long length : new long[] {0, 1, Long.MAX_VALUE}) {
            try (InputStream in = length == Long.MAX_VALUE ? store.get(key) : store.get(key, 0, length)) {
                expect(false, "get gave " + in.readAllBytes().length + " bytes");
            } catch (NoSuchObjectException e) {
                told++;
            }
        }
        expect(told == 3, told + " of 3 reads said so");
        return "so it is";
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
        List<String> keys = List.of(base + "gone/1", base + "gone/2", base + "gone/3");
        for (String key : keys) {
            store.putIfAbsent(key, text("x"));
        }
        store.delete(List.of(keys.get(0), keys.get(1), base + "gone/never"));
        List<StoredObject> left = store.list(base + "gone/", "");
        expect(left.equals(List.of(new StoredObject(keys.get(2), 1))), "there is " + left);
        expect(store.head(keys.get(0)).isEmpty(), "head finds what was deleted");
        expect(store.putIfAbsent(keys.get(0), text("y")), "a key that was deleted cannot be put again");
        store.delete(List.of());
        return "so it does";
    }

    private static String keysRefused(ObjectStore store, String base) throws IOException {
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
        int refused = 0;
        for (String key : wrong) {
            try {
                store.putIfAbsent(key, text("x"));
                expect(false, "\"" + key + "\" was taken for a key");
            } catch (IllegalArgumentException e) {
                refused++;
            }
        }
        return refused + " of " + wrong.size();
    }

    private static String named(ObjectStore store, String base) {
        URI uri = URI.create(store.describe().replace(' ', '+'));
        expect(uri.getUserInfo() == null && uri.getQuery() == null, "there is something in it");
        return store.describe();
    }

    private static String clean(ObjectStore store, String base) throws IOException {
        int removed = 0;
        List<StoredObject> page = store.list(base, "");
        while (!page.isEmpty()) {
            store.delete(page.stream().map(StoredObject::key).toList());
            removed += page.size();
            String last = page.get(page.size() - 1).key();
            page = store.list(base, last);
        }
        expect(store.list(base, "").isEmpty(), "some of it is still listed");
        return removed + " objects";
    }
}
