// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;

/**
 * The matrix: one machine, one seed, one crash instant, every policy.
 *
 * @param machine name
 * @param options of all the runs
 * @param profile name of the kernel profile; "FIRST -> CAPTURE" if the kernels differ
 * @param assumptions what was assumed about the machine, a sentence each
 * @param verdicts one a policy, by name
 */
public record Comparison(String machine, RunOptions options, String profile,
        List<String> assumptions, List<Verdict> verdicts) { }
