/** Concurrency stress tests, in the package of the package-private classes that they test. */
@NullMarked
package io.veloz.wal.internal.commit;

import org.jspecify.annotations.NullMarked;
