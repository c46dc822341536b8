package io.veloz.wal.archive.store.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.store.MemoryStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectKeys;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The probe with faulty stores: each fault is found by its own check. */
class StoreProbeTest {
    private static void assertFound(ObjectStore store, String name) {
        ProbeChecks.Check check = ProbeChecks.all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        ProbeResult result = StoreProbe.run(store, StoreProbe.newBase(), check);
        assertThat(result.passed()).as(result.found()).isFalse();
        assertThat(new ProbeReport("it", List.of(result)).verdict())
                .contains("not usable")
                .contains(name);
    }

    @Test
    void correctStoreIsUsableAndLeftUnchanged() throws StoreException {
        MemoryStore store = new MemoryStore();
        ProbeReport report = StoreProbe.thorough(store);
        assertThat(report.isUsable()).as(report.table()).isTrue();
        assertThat(report.table()).contains("2,500 keys").contains("is usable");
        assertThat(StoreProbe.quick(store).isUsable()).isTrue();
        assertThat(store.list("", "")).isEmpty();
    }

    @Test
    void storeThatIgnoresTheConditionIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                objects.put(ObjectKeys.require(key), read(content));
                return true;
            }
        };
        assertFound(store, "a put creates an object, a second one is refused");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void storeThatRefusesButReplacesIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                return objects.put(ObjectKeys.require(key), read(content)) == null;
            }
        };
        assertFound(store, "a put creates an object, a second one is refused");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void eachResultIsReportedAsItsCheckEnds() throws StoreException {
        MemoryStore store = new MemoryStore();
        List<ProbeResult> reported = new ArrayList<>();
        List<Integer> objects = new ArrayList<>();
        ProbeReport report = StoreProbe.thorough(store, result -> {
            reported.add(result);
            objects.add(store.size());
        });
        assertThat(reported).isEqualTo(report.results());
        assertThat(objects.get(0)).as("only the first check has run").isEqualTo(1);
        reported.clear();
        assertThat(StoreProbe.quick(store, reported::add).results()).isEqualTo(reported);
        assertThat(report.table()).contains(report.results().get(0).line());
    }

    @Test
    void storeThatLetsSeveralConcurrentPutsSucceedIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        boolean isRace = key.contains("/race/");
                        return super.putIfAbsent(key, content) || isRace;
                    }
                },
                "exactly one of 16 concurrent puts succeeds");
    }

    @Test
    void storeWithAStaleListIsFoundByBothForms() throws StoreException {
        MemoryStore store = new MemoryStore() {
            @Override
            public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
                List<StoredObject> listed = super.list(prefix, afterKey);
                return listed.isEmpty() ? listed : listed.subList(0, listed.size() - 1);
            }
        };
        assertFound(store, "the list shows an object right after its put");
        assertThat(StoreProbe.quick(store).isUsable()).isFalse();
    }

    @Test
    void storeThatListsOutOfOrderIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
                        List<StoredObject> listed = new ArrayList<>(super.list(prefix, afterKey));
                        Collections.reverse(listed);
                        return listed;
                    }
                },
                "nested keys are listed in byte order");
    }

    @Test
    void storeThatIgnoresRangesIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public InputStream get(String key, long from, long length) throws StoreException {
                        return super.get(key, 0, Long.MAX_VALUE);
                    }
                },
                "byte ranges can be read");
    }

    @Test
    void storeThatCutsLargeObjectsIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        byte[] bytes = read(content);
                        return super.putIfAbsent(
                                key, ObjectContent.of(java.util.Arrays.copyOf(bytes, Math.min(bytes.length, 1 << 20))));
                    }
                },
                "content is read back unchanged");
    }

    @Test
    void storeThatFindsWhatIsMissingIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public Optional<StoredObject> head(String key) {
                        return Optional.of(new StoredObject(key, 0));
                    }

                    @Override
                    public InputStream get(String key) throws StoreException {
                        return objects.containsKey(key) ? super.get(key) : new ByteArrayInputStream(new byte[0]);
                    }
                },
                "a missing object is reported as missing");
    }

    @Test
    void storeThatDoesNotDeleteIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public void delete(List<String> keys) {}
                },
                "delete removes the given objects and no others");
    }

    @Test
    void storeThatAcceptsAnyKeyIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                        return ObjectKeys.isKey(key) ? super.putIfAbsent(key, content) : true;
                    }
                },
                "invalid keys are rejected");
    }

    @Test
    void storeThatShowsAPasswordIsFound() {
        assertFound(
                new MemoryStore() {
                    @Override
                    public String describe() {
                        return "memory://user:password@host/";
                    }
                },
                "the description has no user, password or query");
    }

    @Test
    void unavailableStoreFailsTheQuickForm() {
        MemoryStore store = new MemoryStore() {
            @Override
            public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
                throw new StoreUnavailableException("not now", null);
            }
        };
        assertThatThrownBy(() -> StoreProbe.quick(store)).isInstanceOf(StoreUnavailableException.class);
        assertThat(StoreProbe.thorough(store).verdict()).contains("not now");
    }
}
