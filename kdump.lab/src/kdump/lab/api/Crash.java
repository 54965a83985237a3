// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/** One run with its verdict and, if asked for, everything that happened. */
public record Crash(Verdict verdict, List<TimelineEntry> timeline) { }
