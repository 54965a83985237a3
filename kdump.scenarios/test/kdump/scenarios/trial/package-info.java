// SPDX-License-Identifier: Apache-2.0

/** Tests of what experiments are made of. */
package kdump.scenarios.trial;
