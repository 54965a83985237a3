// SPDX-License-Identifier: Apache-2.0

/** Tests of variants of policies, without a framework. */
package kdump.lab.variants;
