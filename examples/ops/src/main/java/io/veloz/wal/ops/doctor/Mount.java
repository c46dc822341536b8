package io.veloz.wal.ops.doctor;

import java.util.List;
import java.util.Optional;

/**
 * A mounted file system. Immutable.
 *
 * @param device major and minor number, such as {@code 254:0}; "" if unknown
 * @param point the mount point; "" if unknown
 * @param source the device or server, as the file system names it
 * @param options the options of the mount and of the file system; empty if unknown
 */
public record Mount(String device, String point, String type, String source, List<String> options) {
    public Mount {
        options = List.copyOf(options);
    }

    /** Returns a mount of which only the file system is known, as on systems other than Linux. */
    static Mount of(String type, String source) {
        return new Mount("", "", type, source, List.of());
    }

    /** Returns whether an option is set, such as {@code nobarrier}. */
    boolean has(String option) {
        return options.contains(option);
    }

    /** Returns the value of an option of the form {@code name=value}. */
    Optional<String> value(String name) {
        return options.stream()
                .filter(option -> option.startsWith(name + "="))
                .map(option -> option.substring(name.length() + 1))
                .findFirst();
    }
}
