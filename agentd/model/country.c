/* SPDX-License-Identifier: Apache-2.0 */
/* Mobile country codes of ITU-T E.212 in the order of the countries' letters; a country of several blocks has several rows, a code shared by territories a row
 * for each. */
#include "model/country.h"

#include <stddef.h>

struct row {
    char alpha2[3];
    uint16_t first, last; /* mobile country codes */
};

static const struct row rows[] = {
    { "AD", 213, 213 }, { "AE", 424, 424 }, { "AE", 430, 431 }, { "AF", 412, 412 }, { "AG", 344, 344 }, { "AI", 365, 365 }, { "AL", 276, 276 },
    { "AM", 283, 283 }, { "AO", 631, 631 }, { "AR", 722, 722 }, { "AS", 544, 544 }, { "AT", 232, 232 }, { "AU", 505, 505 }, { "AW", 363, 363 },
    { "AX", 244, 244 }, { "AZ", 400, 400 }, { "BA", 218, 218 }, { "BB", 342, 342 }, { "BD", 470, 470 }, { "BE", 206, 206 }, { "BF", 613, 613 },
    { "BG", 284, 284 }, { "BH", 426, 426 }, { "BI", 642, 642 }, { "BJ", 616, 616 }, { "BL", 340, 340 }, { "BM", 350, 350 }, { "BN", 528, 528 },
    { "BO", 736, 736 }, { "BQ", 362, 362 }, { "BR", 724, 724 }, { "BS", 364, 364 }, { "BT", 402, 402 }, { "BW", 652, 652 }, { "BY", 257, 257 },
    { "BZ", 702, 702 }, { "CA", 302, 302 }, { "CC", 505, 505 }, { "CD", 630, 630 }, { "CF", 623, 623 }, { "CG", 629, 629 }, { "CH", 228, 228 },
    { "CI", 612, 612 }, { "CK", 548, 548 }, { "CL", 730, 730 }, { "CM", 624, 624 }, { "CN", 460, 461 }, { "CO", 732, 732 }, { "CR", 712, 712 },
    { "CU", 368, 368 }, { "CV", 625, 625 }, { "CW", 362, 362 }, { "CX", 505, 505 }, { "CY", 280, 280 }, { "CZ", 230, 230 }, { "DE", 262, 262 },
    { "DJ", 638, 638 }, { "DK", 238, 238 }, { "DM", 366, 366 }, { "DO", 370, 370 }, { "DZ", 603, 603 }, { "EC", 740, 740 }, { "EE", 248, 248 },
    { "EG", 602, 602 }, { "EH", 604, 604 }, { "ER", 657, 657 }, { "ES", 214, 214 }, { "ET", 636, 636 }, { "FI", 244, 244 }, { "FJ", 542, 542 },
    { "FK", 750, 750 }, { "FM", 550, 550 }, { "FO", 288, 288 }, { "FR", 208, 209 }, { "GA", 628, 628 }, { "GB", 234, 235 }, { "GD", 352, 352 },
    { "GE", 282, 282 }, { "GE", 289, 289 }, { "GF", 340, 340 }, { "GF", 742, 742 }, { "GG", 234, 234 }, { "GH", 620, 620 }, { "GI", 266, 266 },
    { "GL", 290, 290 }, { "GM", 607, 607 }, { "GN", 611, 611 }, { "GP", 340, 340 }, { "GQ", 627, 627 }, { "GR", 202, 202 }, { "GT", 704, 704 },
    { "GU", 310, 311 }, { "GW", 632, 632 }, { "GY", 738, 738 }, { "HK", 454, 454 }, { "HN", 708, 708 }, { "HR", 219, 219 }, { "HT", 372, 372 },
    { "HU", 216, 216 }, { "ID", 510, 510 }, { "IE", 272, 272 }, { "IL", 425, 425 }, { "IM", 234, 234 }, { "IN", 404, 406 }, { "IQ", 418, 418 },
    { "IR", 432, 432 }, { "IS", 274, 274 }, { "IT", 222, 222 }, { "JE", 234, 234 }, { "JM", 338, 338 }, { "JO", 416, 416 }, { "JP", 440, 441 },
    { "KE", 639, 639 }, { "KG", 437, 437 }, { "KH", 456, 456 }, { "KI", 545, 545 }, { "KM", 654, 654 }, { "KN", 356, 356 }, { "KP", 467, 467 },
    { "KR", 450, 450 }, { "KW", 419, 419 }, { "KY", 346, 346 }, { "KZ", 401, 401 }, { "LA", 457, 457 }, { "LB", 415, 415 }, { "LC", 358, 358 },
    { "LI", 295, 295 }, { "LK", 413, 413 }, { "LR", 618, 618 }, { "LS", 651, 651 }, { "LT", 246, 246 }, { "LU", 270, 270 }, { "LV", 247, 247 },
    { "LY", 606, 606 }, { "MA", 604, 604 }, { "MC", 212, 212 }, { "MD", 259, 259 }, { "ME", 297, 297 }, { "MF", 340, 340 }, { "MG", 646, 646 },
    { "MH", 551, 551 }, { "MK", 294, 294 }, { "ML", 610, 610 }, { "MM", 414, 414 }, { "MN", 428, 428 }, { "MO", 455, 455 }, { "MP", 310, 310 },
    { "MQ", 340, 340 }, { "MR", 609, 609 }, { "MS", 354, 354 }, { "MT", 278, 278 }, { "MU", 617, 617 }, { "MV", 472, 472 }, { "MW", 650, 650 },
    { "MX", 334, 334 }, { "MY", 502, 502 }, { "MZ", 643, 643 }, { "NA", 649, 649 }, { "NC", 546, 546 }, { "NE", 614, 614 }, { "NF", 505, 505 },
    { "NG", 621, 621 }, { "NI", 710, 710 }, { "NL", 204, 204 }, { "NO", 242, 242 }, { "NP", 429, 429 }, { "NR", 536, 536 }, { "NU", 555, 555 },
    { "NZ", 530, 530 }, { "OM", 422, 422 }, { "PA", 714, 714 }, { "PE", 716, 716 }, { "PF", 547, 547 }, { "PG", 537, 537 }, { "PH", 515, 515 },
    { "PK", 410, 410 }, { "PL", 260, 260 }, { "PM", 308, 308 }, { "PR", 330, 330 }, { "PS", 425, 425 }, { "PT", 268, 268 }, { "PW", 552, 552 },
    { "PY", 744, 744 }, { "QA", 427, 427 }, { "RE", 647, 647 }, { "RO", 226, 226 }, { "RS", 220, 220 }, { "RU", 250, 250 }, { "RW", 635, 635 },
    { "SA", 420, 420 }, { "SB", 540, 540 }, { "SC", 633, 633 }, { "SD", 634, 634 }, { "SE", 240, 240 }, { "SG", 525, 525 }, { "SH", 658, 658 },
    { "SI", 293, 293 }, { "SJ", 242, 242 }, { "SK", 231, 231 }, { "SL", 619, 619 }, { "SM", 292, 292 }, { "SN", 608, 608 }, { "SO", 637, 637 },
    { "SR", 746, 746 }, { "SS", 659, 659 }, { "ST", 626, 626 }, { "SV", 706, 706 }, { "SX", 362, 362 }, { "SY", 417, 417 }, { "SZ", 653, 653 },
    { "TC", 376, 376 }, { "TD", 622, 622 }, { "TG", 615, 615 }, { "TH", 520, 520 }, { "TJ", 436, 436 }, { "TK", 554, 554 }, { "TL", 514, 514 },
    { "TM", 438, 438 }, { "TN", 605, 605 }, { "TO", 539, 539 }, { "TR", 286, 286 }, { "TT", 374, 374 }, { "TV", 553, 553 }, { "TW", 466, 466 },
    { "TZ", 640, 640 }, { "UA", 255, 255 }, { "UG", 641, 641 }, { "US", 310, 316 }, { "UY", 748, 748 }, { "UZ", 434, 434 }, { "VA", 225, 225 },
    { "VC", 360, 360 }, { "VE", 734, 734 }, { "VG", 348, 348 }, { "VI", 332, 332 }, { "VN", 452, 452 }, { "VU", 541, 541 }, { "WF", 543, 543 },
    { "WS", 549, 549 }, { "XK", 221, 221 }, { "YE", 421, 421 }, { "YT", 647, 647 }, { "ZA", 655, 655 }, { "ZM", 645, 645 }, { "ZW", 648, 648 },
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Letters as a number, in the order of the rows; 0 if there are not two of them. */
static unsigned number_of(const char *alpha2)
{
    unsigned number = 0;
    for (size_t i = 0; i < 2; i++) {
        unsigned upper = (unsigned char)alpha2[i] & ~0x20U;
        if (upper < 'A' || upper > 'Z')
            return 0;
        number = number << 8 | upper;
    }
    return alpha2[2] ? 0 : number;
}

static unsigned number_of_row(size_t row)
{
    return (unsigned)rows[row].alpha2[0] << 8 | (unsigned)rows[row].alpha2[1];
}

/* The first row from which on the numbers are no smaller; ROWS if there is none. */
static size_t first_of(unsigned number)
{
    size_t from = 0, to = ROWS;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (number_of_row(middle) < number)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

bool country_known(const char *alpha2)
{
    unsigned number = number_of(alpha2);
    size_t row = first_of(number);
    return row < ROWS && number_of_row(row) == number;
}

bool country_has_mcc(const char *alpha2, unsigned mcc)
{
    unsigned number = number_of(alpha2);
    for (size_t i = first_of(number); i < ROWS && number_of_row(i) == number; i++)
        if (mcc >= rows[i].first && mcc <= rows[i].last)
            return true;
    return false;
}
