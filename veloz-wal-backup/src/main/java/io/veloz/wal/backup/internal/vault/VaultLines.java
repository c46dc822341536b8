package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.vault.JsonValue.Arr;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.JsonValue.Text;
import io.veloz.wal.backup.internal.vault.VaultSecret.State;
import io.veloz.wal.backup.internal.vault.VaultSecret.Version;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The lines of an export, each one JSON object in UTF-8:
 *
 * <pre>{@code
 * {"format":"veloz-vault","paths":["secret/veloz"],"version":1}
 * {"current":2,"kv":2,"mount":"secret","path":"veloz/api","settings":{…},"times":{…},
 *  "versions":[{"state":"destroyed","times":{…},"version":1},{"data":{…},"state":"live","times":{…},"version":2}]}
 * {"end":true,"secrets":1}
 * }</pre>
 *
 * An export without the last line was cut. Stateless.
 */
final class VaultLines {
    static final int MAX_VERSION = 1_000_000;
    private static final String FORMAT = "veloz-vault";
    private static final int FORMAT_VERSION = 1;

    private VaultLines() {}

    static Obj header(Collection<String> paths) {
        List<JsonValue> texts = new ArrayList<>();
        paths.forEach(path -> texts.add(new Text(path)));
        return new Obj().put("format", FORMAT).put("version", FORMAT_VERSION).put("paths", new Arr(texts));
    }

    static Obj trailer(int secrets) {
        return new Obj().put("end", JsonValue.Literal.TRUE).put("secrets", secrets);
    }

    static Obj secret(VaultSecret secret) {
        List<JsonValue> versions = new ArrayList<>();
        for (Map.Entry<Integer, Version> entry : secret.versions().entrySet()) {
            Version version = entry.getValue();
            Obj line = new Obj()
                    .put("version", entry.getKey())
                    .put("state", version.state().label())
                    .put("times", version.times());
            version.data().ifPresent(data -> line.put("data", data));
            versions.add(line);
        }
        return new Obj()
                .put("mount", secret.mount().name())
                .put("kv", secret.mount().version())
                .put("path", secret.path())
                .put("settings", secret.settings())
                .put("times", secret.times())
                .put("current", secret.current())
                .put("versions", new Arr(versions));
    }

    static void requireHeader(Obj line) throws IOException {
        if (!line.text("format").orElse("").equals(FORMAT)) {
            throw new IOException("the first line is not the header of an export of Vault");
        }
        if (line.number("version") != FORMAT_VERSION) {
            throw new IOException("format version " + line.number("version") + "; expected " + FORMAT_VERSION);
        }
    }

    static boolean isTrailer(Obj line) {
        return line.isTrue("end");
    }

    static VaultSecret secret(Obj line) throws IOException {
        String mount = line.text("mount").orElse("");
        String path = line.text("path").orElse("");
        int kv = line.number("kv");
        int current = line.number("current");
        Optional<Obj> settings = line.object("settings");
        Optional<Obj> times = line.object("times");
        if (!isPath(mount) || !isPath(path) || (kv != 1 && kv != 2) || settings.isEmpty() || times.isEmpty()) {
            throw new IOException("not a secret");
        }
        NavigableMap<Integer, Version> versions = new TreeMap<>();
        for (JsonValue element : line.array("versions")) {
            int number = element instanceof Obj obj ? obj.number("version") : -1;
            if (number < 1 || number > current || versions.put(number, version((Obj) element)) != null) {
                throw new IOException("version " + number + " of " + current + " is not valid");
            }
        }
        if (current < 0 || current > MAX_VERSION || (kv == 1 && (current != 1 || versions.size() != 1))) {
            throw new IOException("current version " + current + " is not valid");
        }
        return new VaultSecret(new VaultMount(mount, kv), path, settings.get(), times.get(), current, versions);
    }

    private static Version version(Obj line) throws IOException {
        String label = line.text("state").orElse("");
        Optional<JsonValue> data = Optional.ofNullable(line.fields().get("data"));
        for (State state : State.values()) {
            if (state.label().equals(label) && data.isPresent() == (state == State.LIVE)) {
                return new Version(state, line.object("times").orElseGet(Obj::new), data);
            }
        }
        throw new IOException("a version is neither live with data, nor deleted, nor destroyed");
    }

    /** Returns whether a path stays where it is: no empty part, no dots that a server would resolve. */
    private static boolean isPath(String path) {
        for (String part : path.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }
}
