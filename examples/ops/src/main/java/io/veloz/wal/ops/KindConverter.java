package io.veloz.wal.ops;

import io.veloz.wal.backup.Kind;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses the kinds of attachments. Stateless. */
final class KindConverter implements ITypeConverter<Kind> {
    /** For the descriptions of options. */
    static final String LIST = "configuration, secrets, database, roles, vault";

    @Override
    public Kind convert(String text) {
        try {
            return Kind.of(text.strip().toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }
}
