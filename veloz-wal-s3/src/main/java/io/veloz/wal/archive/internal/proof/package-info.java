/** The proof that an archive is complete, from its objects alone. Changes nothing. See docs/archive.md. */
@NullMarked
package io.veloz.wal.archive.internal.proof;

import org.jspecify.annotations.NullMarked;
