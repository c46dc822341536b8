/** The directory as a whole: what is there, what it means, and how it is made whole before anybody appends. */
@NullMarked
package io.veloz.wal.internal.recovery;

import org.jspecify.annotations.NullMarked;
